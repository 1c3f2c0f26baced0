import type { KubeObject } from '../../objects/object.ts';
import type { ResourceRef } from '../../orchestration/run-status.ts';
import type { KubeErrorReason } from '../../orchestration/vocabulary/kube-error-reasons.ts';

export type ClusterKind = 'Orchestration' | 'OrchestrationRun';

/** The cluster, user and namespace, as chosen by the kubectl flags of these names. */
export interface ClusterChoice {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  readonly namespace?: string | undefined;
}

/** A call that the API server refused, or that never reached it. */
export interface ApiFailure extends Error {
  readonly reason: KubeErrorReason;
  /** What is wrong with the object that was sent, by field. */
  readonly causes: readonly { readonly reason?: string; readonly message?: string; readonly field?: string }[];
  /** Whether the call may have been carried out despite the failure. */
  readonly isOutcomeUnknown: boolean;
}

/** Tells a failed call from a bug. */
export function isApiFailure(error: unknown): error is ApiFailure {
  return error instanceof Error && 'reason' in error && 'causes' in error;
}

/** Receives what happens to objects. */
export interface Listener {
  /** The object exists, or has changed. */
  readonly onChange: (object: KubeObject) => void;
  /** The object was deleted. `last` is its last state, if that was seen. May be called twice. */
  readonly onDeleted: (last?: KubeObject) => void;
  /** The API server cannot be followed, for this reason. The next attempt follows. */
  readonly onTrouble: (reason: KubeErrorReason) => void;
  /** The API server has answered. */
  readonly onContact: () => void;
}

export interface WriteOptions {
  /** The write is judged and answered as if it were done, but it is not done. */
  readonly isDryRun?: boolean;
  /** Called with each warning in the answer. */
  readonly onWarning?: (warning: string) => void;
}

/** Chooses objects of a kind. */
export interface Where {
  /** The default is the namespace that was chosen. */
  readonly namespace?: string | undefined;
  /** Chooses the objects of all namespaces. */
  readonly isEverywhere?: boolean | undefined;
  readonly labelSelector?: string | undefined;
}

/** A call as RBAC knows it. `group` is '' for the core group. */
export interface AccessQuestion {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly name?: string;
  readonly namespace: string;
}

/** Which part of a log to read, and for how long. */
export interface LogChoice {
  /** Waits for more lines until the container has ended, over interruptions of any length. */
  readonly follow?: boolean;
  /** The log of the container before its last restart. */
  readonly previous?: boolean;
  /** Leaves out what is older. RFC 3339. */
  readonly sinceTime?: string;
  /** Begins this many lines before the end. */
  readonly tailLines?: number;
  /** Begins each line with its time. */
  readonly timestamps?: boolean;
  /** Called if a broken log cannot be opened again, with the reason. The next attempt follows. */
  readonly onTrouble?: (reason: KubeErrorReason) => void;
  /** Ends the reading, which then throws ApiFailure with the reason Aborted. */
  readonly signal?: AbortSignal;
}

/** The cluster as commands use it. Every function that returns a promise throws ApiFailure and nothing else. */
export interface Cluster {
  /** The namespace of objects that do not name one. */
  readonly namespace: string;
  readonly get: (kind: ClusterKind, name: string, namespace?: string) => Promise<KubeObject>;
  readonly list: (kind: ClusterKind, namespace?: string) => Promise<readonly KubeObject[]>;
  /** Like `list`, but one page at a time, so that a caller who keeps little of each object needs little memory. */
  readonly pages: (kind: ClusterKind, where: Where) => AsyncIterable<readonly KubeObject[]>;
  /** Reads the object that carries out a step. */
  readonly getChild: (ref: Pick<ResourceRef, 'kind' | 'namespace' | 'name'>) => Promise<KubeObject>;
  readonly listPods: (namespace: string, labelSelector: string) => Promise<readonly KubeObject[]>;
  /**
   * Lists the Events of an object. Without a uid, lists those of all objects of its namespace, which costs the API
   * server just as much.
   */
  readonly listEvents: (object: {
    readonly namespace: string;
    readonly uid?: string;
  }) => Promise<readonly KubeObject[]>;
  /** Yields the lines of a container's log, without their line ends. */
  readonly followLog: (namespace: string, pod: string, container: string, choice?: LogChoice) => AsyncIterable<string>;
  /** Whether the user may make a call, and the reason in the words of the API server, which can be empty. */
  readonly canI: (question: AccessQuestion) => Promise<{ readonly allowed: boolean; readonly reason: string }>;
  /** The name that the API server knows the user by. */
  readonly whoAmI: () => Promise<string>;
  /** Reads the entries of a ConfigMap. */
  readonly getConfigMap: (namespace: string, name: string) => Promise<Readonly<Record<string, string>>>;
  /** Reads the ControllerRevision of this name. */
  readonly getSnapshot: (name: string) => Promise<KubeObject>;
  readonly create: (object: KubeObject, options?: WriteOptions) => Promise<KubeObject>;
  /** Whether a failed write is a verdict on the object, so that the same object would be denied again. */
  readonly isDenial: (failure: ApiFailure) => boolean;
  /** Applies an object on the server side, and takes over fields that other managers own. */
  readonly apply: (object: KubeObject, options?: WriteOptions) => Promise<KubeObject>;
  /**
   * Sets annotations of a run. Null removes one. With a resourceVersion, fails with Conflict if the run has changed
   * since.
   */
  readonly annotate: (
    run: string,
    annotations: Readonly<Record<string, string | null>>,
    resourceVersion?: string,
  ) => Promise<KubeObject>;
  /** Like `follow`, but for all objects of a kind. At first, each object is reported as a change. */
  readonly followAll: (kind: ClusterKind | 'Event', where: Where, listener: Listener) => () => Promise<void>;
  /** Follows a run, over interruptions of any length, until the function that it returns is called. */
  readonly follow: (run: string, listener: Listener) => () => Promise<void>;
}

/** Where a command shows its progress. */
export interface Screen {
  /** Whether this is a terminal, in which lines can be drawn over. */
  readonly isInteractive: boolean;
  readonly isColored: boolean;
  readonly size: () => { readonly columns: number; readonly rows: number };
  readonly write: (text: string) => void;
  /** Resolves when more can be written without filling the memory. Resolves to false if nobody reads any more. */
  readonly drained: () => Promise<boolean>;
  /** Writes to standard error what is not a result. */
  readonly warn: (text: string) => void;
}

export interface Clock {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Calls `callback` once. Returns a function that cancels the call. */
  readonly schedule: (delayMs: number, callback: () => void) => () => void;
}
