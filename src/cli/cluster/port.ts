import type { KubeObject } from '../../objects/object.ts';
import type { KubeErrorReason } from '../../orchestration/vocabulary/kube-error-reasons.ts';

export type ClusterKind = 'Orchestration' | 'OrchestrationRun';

/** Which cluster, user and namespace, as kubectl's flags of these names say. */
export interface ClusterChoice {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  readonly namespace?: string | undefined;
}

/** A call that the API server refused, or that never reached it. */
export interface ApiFailure extends Error {
  readonly reason: KubeErrorReason;
  /** What is wrong with the object that was sent, place by place. */
  readonly causes: readonly { readonly reason?: string; readonly message?: string; readonly field?: string }[];
  /** The call may have been carried out all the same. */
  readonly isOutcomeUnknown: boolean;
}

/** Tells a failed call from a bug. */
export function isApiFailure(error: unknown): error is ApiFailure {
  return error instanceof Error && 'reason' in error && 'causes' in error;
}

/** Told what becomes of one object. */
export interface Listener {
  /** It is there, or has changed. */
  readonly onChange: (object: KubeObject) => void;
  /** It was deleted; its last state, where anybody saw it. May be told twice. */
  readonly onDeleted: (last?: KubeObject) => void;
  /** The API server cannot be followed for this reason, and is tried again. */
  readonly onTrouble: (reason: KubeErrorReason) => void;
  /** It answers, again. */
  readonly onContact: () => void;
}

export interface WriteOptions {
  /** Judged and answered as if it were done, and not done. */
  readonly isDryRun?: boolean;
  /** Told each warning that comes with the answer. */
  readonly onWarning?: (warning: string) => void;
}

/** The cluster as commands use it. Every function that returns a promise throws ApiFailure and nothing else. */
export interface Cluster {
  /** Where objects are that do not say. */
  readonly namespace: string;
  readonly get: (kind: ClusterKind, name: string, namespace?: string) => Promise<KubeObject>;
  readonly list: (kind: ClusterKind, namespace?: string) => Promise<readonly KubeObject[]>;
  /** Reads the ControllerRevision of this name. */
  readonly getSnapshot: (name: string) => Promise<KubeObject>;
  readonly create: (object: KubeObject, options?: WriteOptions) => Promise<KubeObject>;
  /** Whether a failed write is a word on the object, so that the same object would be denied again. */
  readonly isDenial: (failure: ApiFailure) => boolean;
  /** Server-side apply, which takes over what others own. */
  readonly apply: (object: KubeObject, options?: WriteOptions) => Promise<KubeObject>;
  /** Sets annotations of a run; null removes one. */
  readonly annotate: (run: string, annotations: Readonly<Record<string, string | null>>) => Promise<KubeObject>;
  /** Follows a run, over interruptions of any length, until the function that it returns is called. */
  readonly follow: (run: string, listener: Listener) => () => Promise<void>;
}

/** Where progress is shown. */
export interface Screen {
  /** A terminal, in which lines can be drawn over. */
  readonly isInteractive: boolean;
  readonly isColored: boolean;
  readonly size: () => { readonly columns: number; readonly rows: number };
  readonly write: (text: string) => void;
  /** For what is no result: standard error. */
  readonly warn: (text: string) => void;
}

export interface Clock {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Calls back once; returns what calls it off. */
  readonly schedule: (delayMs: number, callback: () => void) => () => void;
}
