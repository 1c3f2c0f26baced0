import { GROUP } from '../schema.ts';
import type { Meaning } from './meaning.ts';

interface KeyMeaning extends Meaning {
  readonly key: string;
  /** The kinds of the objects that have it. */
  readonly on: string;
  readonly by: string;
}

/** Annotations that are written or read. */
const annotations = {
  Cancel: {
    key: `${GROUP}/cancel`,
    on: 'OrchestrationRun',
    by: 'people',
    meaning: 'With the value `"true"`, the run is cancelled. There is no way back.',
  },
  Suspend: {
    key: `${GROUP}/suspend`,
    on: 'OrchestrationRun',
    by: 'people',
    meaning: 'With the value `"true"`, what runs may end, and nothing new starts until the annotation is removed.',
  },
  Template: {
    key: 'agents.proompteng.ai/template',
    on: 'OrchestrationRun',
    by: 'people',
    meaning: 'With the value `"true"`, the run is there to be copied, and never starts.',
  },
  Defaulted: {
    key: `${GROUP}/defaulted`,
    on: 'Orchestration',
    by: 'the gate',
    meaning: 'With the value `sequential`, the `dependsOn` of the steps are the default, and nobody declared them.',
  },
  ChildTtl: {
    key: `${GROUP}/ttl-seconds-after-finished`,
    on: 'AgentRun of a step',
    by: 'the reconciler',
    meaning: 'The lifetime of the finished child, in seconds, which begins when its end is recorded.',
  },
  ToolRunState: {
    key: `toolrun.${GROUP}/state`,
    on: 'ToolRun',
    by: 'the reconciler',
    meaning: 'The Job, the start and the end of the ToolRun. Decisions rest on it, and the status only shows it.',
  },
  ArgoCdTracking: {
    key: 'argocd.argoproj.io/tracking-id',
    on: 'Orchestration',
    by: 'Argo CD',
    meaning: 'Argo CD applies the Orchestration, so the sequential default is not written into it.',
  },
} as const satisfies Readonly<Record<string, KeyMeaning>>;

/** Labels that are written or read. With each of ours goes an annotation of the same key, which has the text whole. */
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
  ToolRun: {
    key: 'agents.proompteng.ai/tool-run',
    on: 'Job, Pod and ConfigMap of a ToolRun',
    by: 'the reconciler, the agents chart',
    meaning: 'The name of the ToolRun.',
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
    meaning: 'The Service of the slice. By it the certificates find the ready replicas of the gate.',
  },
} as const satisfies Readonly<Record<string, KeyMeaning>>;

/** Finalizers that are written. */
const finalizers = {
  Outcome: {
    key: `${GROUP}/outcome`,
    on: 'AgentRun of a step',
    by: 'the reconciler',
    meaning: 'The AgentRun stays until its end is recorded, even if somebody deletes it.',
    action: 'If the reconciler is gone, [run `orchestration-gate release`](../operations.md#agentruns-that-are-held).',
  },
} as const satisfies Readonly<Record<string, KeyMeaning>>;

/** Names under which fields are written, as in `metadata.managedFields[].manager`. */
const fieldManagers = {
  Reconciler: {
    key: 'orchestration-gate-reconciler',
    on: 'statuses, children, snapshots, Jobs',
    by: 'the reconciler',
    meaning: 'A run is ours as long as no other manager has written its status. The Lease has this name too.',
  },
  Certificates: {
    key: 'orchestration-gate-certificates',
    on: 'Secret, webhook configurations',
    by: 'the certificates of the gate',
    meaning: 'It writes the authorities of the gate, and `caBundle` of its webhooks and nothing else of them.',
  },
  Cli: {
    key: 'orchestration-gate-cli',
    on: 'OrchestrationRun',
    by: 'the command line',
    meaning: 'It creates the run of `run`, and sets the annotations of `cancel`, `suspend` and `resume`.',
  },
  Page: {
    key: 'orchestration-gate-ui',
    on: '',
    by: 'the page',
    meaning: 'The page writes nothing, so no object has this name.',
  },
  AgentsChart: {
    key: 'agents-status',
    on: 'statuses',
    by: 'the agents chart',
    meaning: 'Its controllers write statuses. On a run or an Orchestration, its orchestration controller is on.',
  },
} as const satisfies Readonly<Record<string, KeyMeaning>>;

/** All of these, as the reference lists them. */
export const metadata = { annotations, labels, finalizers, fieldManagers };

export const Annotation = keysOf(annotations);
export const Label = keysOf(labels);
export const Finalizer = keysOf(finalizers);
export const FieldManager = keysOf(fieldManagers);

/** The keys of a table, by the names of its rows. */
function keysOf<Table extends Readonly<Record<string, KeyMeaning>>>(table: Table) {
  const keys = Object.entries(table).map(([name, { key }]) => [name, key]);
  return Object.fromEntries(keys) as { readonly [Name in keyof Table]: Table[Name]['key'] };
}
