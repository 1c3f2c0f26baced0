import { GROUP } from '../schema.ts';
import type { Meaning } from './meaning.ts';

interface KeyMeaning extends Meaning {
  readonly key: string;
  /** The kinds of the objects that have it. */
  readonly on: string;
  readonly by: string;
}

/** The annotations that this project writes or reads. */
const annotations = {
  Cancel: {
    key: `${GROUP}/cancel`,
    on: 'OrchestrationRun',
    by: 'people',
    meaning:
      'With the value `"true"`, the run is cancelled, and its cleanup steps run. With `"now"`, they do not. This cannot be ' +
      'undone.',
  },
  Suspend: {
    key: `${GROUP}/suspend`,
    on: 'OrchestrationRun',
    by: 'people',
    meaning: 'With the value `"true"`, running steps continue, and no step starts until the annotation is removed.',
  },
  Approval: {
    key: `approval.${GROUP}/`,
    on: 'OrchestrationRun',
    by: 'people',
    meaning:
      'Followed by `<step>.<n>`, where `n` is a number from 1 that makes the key unique. The value `approved by USER` or ' +
      '`denied by USER`, and then a comment on lines of its own, is the decision of a person about an ApprovalGate step.',
  },
  CreatedBy: {
    key: `${GROUP}/created-by`,
    on: 'OrchestrationRun',
    by: 'the gate',
    meaning: 'The user who created the run. With `approvers.notCreator`, the decisions of this user do not count.',
  },
  Template: {
    key: 'agents.proompteng.ai/template',
    on: 'OrchestrationRun',
    by: 'people',
    meaning: 'With the value `"true"`, the run is a template that others copy, and never starts.',
  },
  ResumeFrom: {
    key: `${GROUP}/resume-from`,
    on: 'OrchestrationRun',
    by: 'people, the reconciler',
    meaning:
      'The name of a finished run of the same Orchestration and namespace. The run continues it. The annotation is read ' +
      'when the run starts.',
    action: 'Do not remove it from a run that has started: the run then no longer shows what it inherited.',
  },
  ResumeSteps: {
    key: `${GROUP}/resume-steps`,
    on: 'OrchestrationRun that continues another one',
    by: 'people',
    meaning: 'A JSON list of names of steps. They run again in any case, and so do their descendants.',
  },
  ResumeLatest: {
    key: `${GROUP}/resume-latest`,
    on: 'OrchestrationRun that continues another one',
    by: 'people, the reconciler',
    meaning:
      'With the value `"true"`, the run follows the current Orchestration, not the one that the other run followed.',
  },
  Defaulted: {
    key: `${GROUP}/defaulted`,
    on: 'Orchestration',
    by: 'the gate',
    meaning: 'With the value `sequential`, the gate wrote the `dependsOn` of all steps. The author declared none.',
  },
  ChildTtl: {
    key: `${GROUP}/ttl-seconds-after-finished`,
    on: 'AgentRun of a step',
    by: 'the reconciler',
    meaning: 'The lifetime of the finished child, in seconds. It starts when the end of the child is recorded.',
  },
  ToolRunState: {
    key: `toolrun.${GROUP}/state`,
    on: 'ToolRun',
    by: 'the reconciler',
    meaning: 'The Job, the start, the end and the outputs of the ToolRun. Decisions read it, and not the status.',
  },
  Buckets: {
    key: `${GROUP}/buckets`,
    on: 'Lease of a replica of the reconciler',
    by: 'the reconciler',
    meaning: 'The buckets that the replica holds, as 16 hexadecimal digits. Bucket 0 is the lowest bit.',
  },
  DefaultContainer: {
    key: 'kubectl.kubernetes.io/default-container',
    on: 'Pod',
    by: 'people',
    meaning: 'The container whose log is shown. Without it, that is the first one.',
  },
  LastApplied: {
    key: 'kubectl.kubernetes.io/last-applied-configuration',
    on: 'any object',
    by: 'kubectl',
    meaning: 'The object as it was last applied. The reconciler does not keep it in memory.',
  },
  ArgoCdTracking: {
    key: 'argocd.argoproj.io/tracking-id',
    on: 'Orchestration',
    by: 'Argo CD',
    meaning: 'Argo CD applies the Orchestration, so the sequential default is not written into it.',
  },
} as const satisfies Readonly<Record<string, KeyMeaning>>;

/**
 * The labels that this project writes or reads. For each of its own labels, an annotation with the same key has the
 * full text, unless `on` says "label only".
 */
const labels = {
  Run: {
    key: 'agents.proompteng.ai/orchestration-run',
    on: 'children of steps, snapshot (annotation only)',
    by: 'the reconciler',
    meaning: 'The name of the run.',
  },
  Step: {
    key: 'agents.proompteng.ai/orchestration-step',
    on: 'children of steps',
    by: 'the reconciler',
    meaning: 'The name of the step.',
  },
  Delivery: {
    key: 'agents.proompteng.ai/delivery-id',
    on: 'children of steps (nested runs: annotation only)',
    by: 'the reconciler',
    meaning: 'The `deliveryId` of the run.',
  },
  Bucket: {
    key: `${GROUP}/bucket`,
    on: 'OrchestrationRun, children of steps, Job of a ToolRun (label only)',
    by: 'the gate, the reconciler',
    meaning:
      'The bucket of the run, from `0` to `63`. A replica of the reconciler follows the objects of its buckets. An ' +
      'object without this label, or with another value, has the bucket of its name.',
    action: 'Do not change it: the run and its children are then followed by different replicas for a while.',
  },
  Member: {
    key: `${GROUP}/member`,
    on: 'Lease of a replica of the reconciler (label only)',
    by: 'the reconciler',
    meaning: 'The value `reconciler` marks the Leases by which the replicas find one another.',
  },
  Group: {
    key: `${GROUP}/concurrency-group`,
    on: 'Lease of a run with `policies.concurrency`',
    by: 'the reconciler',
    meaning: 'The group of the run. The label has the name of the Leases of the group, without their index.',
  },
  Holder: {
    key: `${GROUP}/run-uid`,
    on: 'Lease of a run with `policies.concurrency` (label only)',
    by: 'the reconciler',
    meaning: 'The uid of the run that holds the place.',
  },
  ToolRun: {
    key: 'agents.proompteng.ai/tool-run',
    on: 'Job, Pod and ConfigMap of a ToolRun',
    by: 'the reconciler, the agents chart',
    meaning: 'The name of the ToolRun.',
  },
  Job: {
    key: 'batch.kubernetes.io/controller-uid',
    on: 'Pod of a Job',
    by: 'Kubernetes',
    meaning: 'The uid of the Job. The pods of a completed Job are found by it.',
  },
  JobName: {
    key: 'batch.kubernetes.io/job-name',
    on: 'Pod of a Job',
    by: 'Kubernetes',
    meaning: 'The name of the Job. The command line finds the pods of a step by it.',
  },
  ArgoCdInstance: {
    key: 'app.kubernetes.io/instance',
    on: 'Orchestration',
    by: 'Argo CD, Helm',
    meaning: 'Argo CD may apply the Orchestration, so the sequential default is not written into it.',
  },
  Service: {
    key: 'kubernetes.io/service-name',
    on: 'EndpointSlice',
    by: 'Kubernetes',
    meaning: 'The Service of the slice. The certificates find the ready replicas of the gate by it.',
  },
} as const satisfies Readonly<Record<string, KeyMeaning>>;

/** The finalizers that this project writes. */
const finalizers = {
  Outcome: {
    key: `${GROUP}/outcome`,
    on: 'AgentRun of a step',
    by: 'the reconciler',
    meaning: 'The AgentRun stays until its end is recorded, even if it is deleted.',
    action: 'If the reconciler is gone, [run `orchestration-gate release`](../how-to/uninstall.md#release-agentruns).',
  },
} as const satisfies Readonly<Record<string, KeyMeaning>>;

/** The field managers, as in `metadata.managedFields[].manager`. */
const fieldManagers = {
  Reconciler: {
    key: 'orchestration-gate-reconciler',
    on: 'statuses, children, snapshots, Jobs',
    by: 'the reconciler',
    meaning:
      'The reconciler executes a run only if no other manager has written its status. The Leases of its replicas have ' +
      'names that start with this one. While anybody holds the Lease with exactly this name, no replica executes runs: ' +
      'version 0.2 holds it, and so does `orchestration-gate release`.',
  },
  Certificates: {
    key: 'orchestration-gate-certificates',
    on: 'Secret, webhook configurations',
    by: 'the certificates of the gate',
    meaning: 'It writes the authorities of the gate. Of the webhook configurations, it writes only `caBundle`.',
  },
  Cli: {
    key: 'orchestration-gate-cli',
    on: 'OrchestrationRun',
    by: 'the command line',
    meaning:
      'The commands `run` and `rerun` create runs with it. `cancel`, `suspend`, `resume`, `approve` and `deny` set ' +
      'annotations with it.',
  },
  Page: {
    key: 'orchestration-gate-ui',
    on: 'OrchestrationRun',
    by: 'the page',
    meaning: 'The actions of the page create runs and set annotations with it.',
  },
  AgentsChart: {
    key: 'agents-status',
    on: 'statuses',
    by: 'the agents chart',
    meaning:
      'Its controllers write statuses. On a run or an Orchestration, it means that its orchestration controller is on.',
  },
} as const satisfies Readonly<Record<string, KeyMeaning>>;

/** All tables, as the reference page lists them. */
export const metadata = { annotations, labels, finalizers, fieldManagers };

export const Annotation = keysOf(annotations);
export const Label = keysOf(labels);
export const Finalizer = keysOf(finalizers);
export const FieldManager = keysOf(fieldManagers);

/** Returns the keys of a table by the names of its rows. */
function keysOf<Table extends Readonly<Record<string, KeyMeaning>>>(table: Table) {
  const keys = Object.entries(table).map(([name, { key }]) => [name, key]);
  return Object.fromEntries(keys) as { readonly [Name in keyof Table]: Table[Name]['key'] };
}
