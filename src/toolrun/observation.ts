import type { StoredObject } from '../objects/object.ts';
import type { Condition } from '../orchestration/conditions.ts';
import type { ToolRunState } from '../orchestration/tool-run-state.ts';
import type { EventReason } from '../orchestration/vocabulary/event-reasons.ts';

/** An object to create, whole. What is undefined in it is not sent. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string; readonly [field: string]: unknown };
  readonly [field: string]: unknown;
}

/** What the status of a ToolRun names as its Job where 0.2, or the agents chart's own executor, has written it. */
export interface RuntimeRef {
  /** `job`, the only type known here. */
  readonly type: string;
  readonly name: string;
  readonly uid?: string;
}

/** `status` of a ToolRun. Succeeded, Failed and Cancelled are final. Times are RFC 3339 in UTC. */
export interface ToolRunStatus {
  readonly phase?: string;
  readonly runtimeRef?: RuntimeRef;
  readonly startedAt?: string;
  readonly observedGeneration?: number;
  readonly updatedAt?: string;
  readonly conditions: readonly Condition[];
}

export interface ObservedToolRun {
  /** As stored. */
  readonly object: StoredObject;
  readonly status: ToolRunStatus;
  /** What decides; undefined where we have not begun. */
  readonly state: ToolRunState | undefined;
  /** Somebody else has written this status. */
  readonly isShared: boolean;
}

/** Everything one decision about one ToolRun looks at; read before, so that deciding is pure. */
export interface Observation {
  readonly toolRun: ObservedToolRun;
  /** The Tool that `spec.toolRef` names, where there is one. */
  readonly tool?: StoredObject | undefined;
  /** What there is under the name that `findJobRef` gives, whoever made it. That a recorded Job is gone is the API server's word. */
  readonly job?: StoredObject | undefined;
  /** Why that Job has no pod, in the words of whoever refused it; absent while nobody has. */
  readonly podRefusal?: string | undefined;
  /** What there is under the name of `buildConfigMap`, whoever made it. */
  readonly configMap?: StoredObject | undefined;
  /**
   * Until when it is left to the agents chart's own executor, which may begin it at any moment: milliseconds since 1970. Undefined
   * where that one is not at work, or we have begun.
   */
  readonly rivalUntilMs?: number | undefined;
  /** What the API server said when it refused a child for good, by the child's name. */
  readonly refusals: ReadonlyMap<string, string>;
}

/**
 * What is to be done, in order. If one fails, is refused or meets an object that exists already, those behind it are
 * dropped and the ToolRun is looked at anew: whose an existing object is, the next look tells.
 */
export type Action =
  /**
   * Writes the annotation if it is still as observed, whatever becomes of the status meanwhile. One goes before every create,
   * even if it changes nothing: a create decided from an old view must meet a conflict first.
   */
  | { readonly type: 'WriteState'; readonly state: ToolRunState }
  /** Removes fields from the status, whatever its version. */
  | { readonly type: 'ClearStatus'; readonly fields: readonly string[] }
  /** Writes the whole status if the ToolRun is still at the observed uid and resourceVersion. */
  | { readonly type: 'PatchStatus'; readonly status: ToolRunStatus }
  | { readonly type: 'CreateConfigMap'; readonly manifest: Manifest }
  | { readonly type: 'CreateJob'; readonly manifest: Manifest }
  /** Sets the Job's ttlSecondsAfterFinished; a Job already gone is no failure. */
  | { readonly type: 'SetTtl'; readonly job: StoredObject['metadata']; readonly seconds: number }
  | {
      readonly type: 'EmitEvent';
      readonly eventType: 'Warning';
      readonly reason: EventReason;
      readonly message: string;
    }
  /** Looks again then, though nothing has happened. */
  | { readonly type: 'RequeueAt'; readonly time: string };
