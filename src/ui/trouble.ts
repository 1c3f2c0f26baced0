import { quoteName } from '../dag/display.ts';
import { GROUP } from '../orchestration/schema.ts';
import { KubeErrorReason } from '../orchestration/vocabulary/kube-error-reasons.ts';

/** A call to the API server that failed, as the client tells it. */
export interface Failure {
  /** What was listed or watched. */
  readonly resource: string;
  readonly reason: KubeErrorReason;
  readonly message: string;
}

/** What keeps the page from being up to date, and what to do about it; undefined where it is the way of the world. */
function describeTrouble({ resource, reason, message }: Failure, namespace: string): string | undefined {
  const where = `in namespace ${quoteName(namespace)}`;
  switch (reason) {
    case KubeErrorReason.Expired:
    case KubeErrorReason.Aborted:
      return undefined;
    case KubeErrorReason.Forbidden:
      return `You may not list and watch ${resource} ${where}: ask for a Role with get, list and watch on orchestrations and orchestrationruns of ${GROUP}, or name another namespace with -n. (${message})`;
    case KubeErrorReason.NotFound:
      return `This cluster knows no ${resource}.${GROUP}: install the CRDs, with the agents chart or charts/orchestration-gate-crds.`;
    case KubeErrorReason.Unauthorized:
      return `The API server does not accept your credentials: log in again. (${message})`;
    case KubeErrorReason.Unavailable:
    case KubeErrorReason.TooManyRequests:
      return `The API server does not answer; trying again. (${message})`;
    case KubeErrorReason.AlreadyExists:
    case KubeErrorReason.Conflict:
    case KubeErrorReason.Invalid:
    case KubeErrorReason.TooLarge:
    case KubeErrorReason.Unknown:
      return `${resource} ${where} cannot be followed: ${message}`;
  }
}

export interface Troubles {
  /** What is wrong now, in sentences; empty in health. */
  readonly sentences: () => readonly string[];
  readonly add: (failure: Failure) => void;
  readonly clear: (resource: string) => void;
}

/** What is wrong with a namespace, resource by resource. `complain` hears of each trouble once, and of the end of the last. */
export function createTroubles(
  namespace: string,
  complain: (sentence: string) => void,
  onChange: () => void,
): Troubles {
  const byResource = new Map<string, string>();
  const sentences = () => [...new Set(byResource.values())];
  return {
    sentences,
    add: (failure) => {
      const sentence = describeTrouble(failure, namespace);
      if (sentence === undefined || byResource.get(failure.resource) === sentence) return;
      if (!sentences().includes(sentence)) complain(sentence);
      byResource.set(failure.resource, sentence);
      onChange();
    },
    clear: (resource) => {
      if (!byResource.delete(resource)) return;
      if (byResource.size === 0) complain('The API server answers again.');
      onChange();
    },
  };
}
