import { quoteName } from '../dag/display.ts';
import { GROUP } from '../orchestration/schema.ts';
import { KubeErrorReason } from '../orchestration/vocabulary/kube-error-reasons.ts';
import type { ClusterConnection } from './page/protocol.ts';

/** A failed call to the API server, as the client reports it. */
export interface Failure {
  /** The resource that was listed, watched or read. */
  readonly resource: string;
  readonly reason: KubeErrorReason;
  readonly message: string;
}

type State = Exclude<ClusterConnection['state'], 'Connecting' | 'Live'>;

interface Trouble {
  readonly state: State;
  readonly sentence: string;
}

/** The worst first: while the API server does not answer, nothing else is certain. */
const STATES: readonly State[] = ['Unreachable', 'Forbidden', 'Failed'];

/**
 * Describes why the page is not up to date, and what to do. Undefined for a failure that is part of normal operation.
 */
function describeTrouble({ resource, reason, message }: Failure, namespace: string): Trouble | undefined {
  const where = `in namespace ${quoteName(namespace)}`;
  switch (reason) {
    case KubeErrorReason.Expired:
    case KubeErrorReason.Aborted:
      return undefined;
    case KubeErrorReason.Forbidden: {
      const sentence = `You may not list and watch ${resource} ${where}: ask for a Role with get, list and watch on orchestrations and orchestrationruns of ${GROUP}, or choose another namespace. (${message})`;
      return { state: 'Forbidden', sentence };
    }
    case KubeErrorReason.NotFound: {
      const sentence = `This cluster has no ${resource}.${GROUP}: install the CRDs, with the agents chart or charts/orchestration-gate-crds.`;
      return { state: 'Failed', sentence };
    }
    case KubeErrorReason.Unauthorized: {
      const sentence = `The API server does not accept your credentials: log in again. (${message})`;
      return { state: 'Failed', sentence };
    }
    case KubeErrorReason.Unavailable:
    case KubeErrorReason.TooManyRequests:
      return { state: 'Unreachable', sentence: `The API server does not answer; trying again. (${message})` };
    case KubeErrorReason.AlreadyExists:
    case KubeErrorReason.Conflict:
    case KubeErrorReason.Invalid:
    case KubeErrorReason.TooLarge:
    case KubeErrorReason.Unknown:
      return { state: 'Failed', sentence: `${resource} ${where} cannot be followed: ${message}` };
  }
}

export interface Troubles {
  /** The present problems. Undefined if there are none. */
  readonly current: () => Extract<ClusterConnection, { readonly state: State }> | undefined;
  readonly add: (failure: Failure) => void;
  readonly clear: (resource: string) => void;
}

export interface TroublesOptions {
  readonly namespace: string;
  /** Called once for each problem, and when the last one ends. */
  readonly complain: (sentence: string) => void;
  readonly onChange: () => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Tracks the problems of a namespace, by resource. */
export function createTroubles({ namespace, complain, onChange, now }: TroublesOptions): Troubles {
  const byResource = new Map<string, Trouble & { readonly sinceMs: number }>();
  const sentences = () => [...new Set([...byResource.values()].map(({ sentence }) => sentence))];
  return {
    current: () => {
      const troubles = [...byResource.values()];
      const state = STATES.find((worst) => troubles.some((trouble) => trouble.state === worst));
      if (state === undefined) return undefined;
      const sinceMs = Math.min(...troubles.filter((one) => one.state === state).map((one) => one.sinceMs));
      return { state, since: new Date(sinceMs).toISOString(), sentences: sentences() };
    },
    add: (failure) => {
      const trouble = describeTrouble(failure, namespace);
      const before = byResource.get(failure.resource);
      if (trouble === undefined || before?.sentence === trouble.sentence) return;
      if (!sentences().includes(trouble.sentence)) complain(trouble.sentence);
      const sinceMs = before?.state === trouble.state ? before.sinceMs : now();
      byResource.set(failure.resource, { ...trouble, sinceMs });
      onChange();
    },
    clear: (resource) => {
      if (!byResource.delete(resource)) return;
      if (byResource.size === 0) complain('The API server answers again.');
      onChange();
    },
  };
}
