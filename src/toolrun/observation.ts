import type { KubeObject, StoredObject } from '../objects/object.ts';
import type { Condition } from '../orchestration/conditions.ts';
import type { ToolRunState } from '../orchestration/tool-run-state.ts';
import type { EventReason } from '../orchestration/vocabulary/event-reasons.ts';

/** A complete object to create. Undefined fields are not sent. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string; readonly [field: string]: unknown };
  readonly [field: string]: unknown;
}

/** The Job that the status of a ToolRun names, if 0.2 or the agents chart's own executor wrote it. */
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
  /** The state that decisions use; undefined if we have not begun. */
  readonly state: ToolRunState | undefined;
  /** Another controller has written this status. */
  readonly isShared: boolean;
}

/** Everything that one decision about one ToolRun uses. It is read beforehand, so that the decision is pure. */
export interface Observation {
  readonly toolRun: ObservedToolRun;
  /** The Tool that `spec.toolRef` names, if it exists. */
  readonly tool?: StoredObject | undefined;
  /**
   * The object that has the name from `findJobRef`, with any creator. A recorded Job is missing here only if the API
   * server says so.
   */
  readonly job?: StoredObject | undefined;
  /** Why that Job has no pod, in the words of the component that refused the pod; absent if none did. */
  readonly podRefusal?: string | undefined;
  /**
   * The pods of that Job, if it has completed and this is not recorded. Undefined if they may not be listed, and if they
   * are not needed.
   */
  readonly pods?: readonly KubeObject[] | undefined;
  /** The object that has the name from `buildConfigMap`, with any creator. */
  readonly configMap?: StoredObject | undefined;
  /**
   * Until when the ToolRun is left to the agents chart's own executor, which may begin it at any moment: milliseconds
   * since 1970. Undefined if that executor is not active, or if we have begun.
   */
  readonly rivalUntilMs?: number | undefined;
  /** The API server's message when it refused a child for good, by the child's name. */
  readonly refusals: ReadonlyMap<string, string>;
}

/**
 * What to do, in order. If an action fails, is refused or finds that its object exists already, the actions after it
 * are dropped and the ToolRun is reconciled again. That reconcile checks who owns the object.
 */
export type Action =
  /**
   * Writes the annotation if it is still as observed, whatever happens to the status. One comes before every create,
   * even if it changes nothing. So if a create was decided on an outdated observation, a conflict prevents it.
   */
  | { readonly type: 'WriteState'; readonly state: ToolRunState }
  /** Removes fields from the status, whatever the resourceVersion of the ToolRun. */
  | { readonly type: 'ClearStatus'; readonly fields: readonly string[] }
  /** Writes the whole status if the ToolRun is still at the observed uid and resourceVersion. */
  | { readonly type: 'PatchStatus'; readonly status: ToolRunStatus }
  | { readonly type: 'CreateConfigMap'; readonly manifest: Manifest }
  | { readonly type: 'CreateJob'; readonly manifest: Manifest }
  /** Sets the Job's ttlSecondsAfterFinished. Nothing to do if the Job is gone already. */
  | { readonly type: 'SetTtl'; readonly job: StoredObject['metadata']; readonly seconds: number }
  | {
      readonly type: 'EmitEvent';
      readonly eventType: 'Warning';
      readonly reason: EventReason;
      readonly message: string;
    }
  /** Reconciles the ToolRun again at this time, even if nothing changes. */
  | { readonly type: 'RequeueAt'; readonly time: string };
