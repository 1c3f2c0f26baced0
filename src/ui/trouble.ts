import { quoteName } from '../dag/display.ts';
import { GROUP } from '../orchestration/schema.ts';
import { KubeErrorReason } from '../orchestration/vocabulary/kube-error-reasons.ts';

/** A failed call to the API server, as the client reports it. */
export interface Failure {
  /** The resource that was listed or watched. */
  readonly resource: string;
  readonly reason: KubeErrorReason;
  readonly message: string;
}

/**
 * Describes why the page is not up to date, and what to do. Undefined for a failure that is part of normal operation.
 */
function describeTrouble({ resource, reason, message }: Failure, namespace: string): string | undefined {
  const where = `in namespace ${quoteName(namespace)}`;
  switch (reason) {
    case KubeErrorReason.Expired:
    case KubeErrorReason.Aborted:
      return undefined;
    case KubeErrorReason.Forbidden:
      return `You may not list and watch ${resource} ${where}: ask for a Role with get, list and watch on orchestrations and orchestrationruns of ${GROUP}, or name another namespace with -n. (${message})`;
    case KubeErrorReason.NotFound:
      return `This cluster has no ${resource}.${GROUP}: install the CRDs, with the agents chart or charts/orchestration-gate-crds.`;
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
  /** The current problems, as sentences. Empty if there are none. */
  readonly sentences: () => readonly string[];
  readonly add: (failure: Failure) => void;
  readonly clear: (resource: string) => void;
}

/**
 * Tracks the problems of a namespace, by resource. It calls `complain` once for each problem, and when the last one
 * ends.
 */
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
