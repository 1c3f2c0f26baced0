import type { KubeObject } from '../../objects/object.ts';
import type { ResourceRef } from '../../orchestration/run-status.ts';
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

/** Which objects of a kind. */
export interface Where {
  /** The default is the namespace that was chosen. */
  readonly namespace?: string | undefined;
  /** Of all namespaces. */
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
  /** Begins so many lines before the end. */
  readonly tailLines?: number;
  /** Begins each line with its time. */
  readonly timestamps?: boolean;
  /** The log is broken and cannot be opened again, for this reason; it is tried further. */
  readonly onTrouble?: (reason: KubeErrorReason) => void;
  /** Ends it: it then throws ApiFailure with the reason Aborted. */
  readonly signal?: AbortSignal;
}

/** The cluster as commands use it. Every function that returns a promise throws ApiFailure and nothing else. */
export interface Cluster {
  /** Where objects are that do not say. */
  readonly namespace: string;
  readonly get: (kind: ClusterKind, name: string, namespace?: string) => Promise<KubeObject>;
  readonly list: (kind: ClusterKind, namespace?: string) => Promise<readonly KubeObject[]>;
  /** As `list`, a page at a time: whoever keeps little of each object needs little memory. */
  readonly pages: (kind: ClusterKind, where: Where) => AsyncIterable<readonly KubeObject[]>;
  /** Reads what carries out a step. */
  readonly getChild: (ref: Pick<ResourceRef, 'kind' | 'namespace' | 'name'>) => Promise<KubeObject>;
  readonly listPods: (namespace: string, labelSelector: string) => Promise<readonly KubeObject[]>;
  /** The Events of an object; without a uid, of all objects of its namespace, which costs as much for the API server. */
  readonly listEvents: (object: {
    readonly namespace: string;
    readonly uid?: string;
  }) => Promise<readonly KubeObject[]>;
  /** The lines of a container's log, without their ends. */
  readonly followLog: (namespace: string, pod: string, container: string, choice?: LogChoice) => AsyncIterable<string>;
  /** Whether the user may make a call, and why, in the words of the API server, which may be empty. */
  readonly canI: (question: AccessQuestion) => Promise<{ readonly allowed: boolean; readonly reason: string }>;
  /** The name that the API server knows the user by. */
  readonly whoAmI: () => Promise<string>;
  /** Reads the entries of a ConfigMap. */
  readonly getConfigMap: (namespace: string, name: string) => Promise<Readonly<Record<string, string>>>;
  /** Reads the ControllerRevision of this name. */
  readonly getSnapshot: (name: string) => Promise<KubeObject>;
  readonly create: (object: KubeObject, options?: WriteOptions) => Promise<KubeObject>;
  /** Whether a failed write is a word on the object, so that the same object would be denied again. */
  readonly isDenial: (failure: ApiFailure) => boolean;
  /** Server-side apply, which takes over what others own. */
  readonly apply: (object: KubeObject, options?: WriteOptions) => Promise<KubeObject>;
  /** Sets annotations of a run; null removes one. Of a given resourceVersion only, it fails with Conflict if the run has changed. */
  readonly annotate: (
    run: string,
    annotations: Readonly<Record<string, string | null>>,
    resourceVersion?: string,
  ) => Promise<KubeObject>;
  /** As `follow`, all objects of a kind: each is a change at first. */
  readonly followAll: (kind: ClusterKind | 'Event', where: Where, listener: Listener) => () => Promise<void>;
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
  /** Resolves when more can be written without filling the memory; false if nobody reads any more. */
  readonly drained: () => Promise<boolean>;
  /** For what is no result: standard error. */
  readonly warn: (text: string) => void;
}

export interface Clock {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Calls back once; returns what calls it off. */
  readonly schedule: (delayMs: number, callback: () => void) => () => void;
}
