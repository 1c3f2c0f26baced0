import { controllerOf, type KubeObject } from '../../objects/object.ts';
import { type Creators, readCreators } from '../../orchestration/approvals.ts';
import { stepKinds } from '../../orchestration/kinds/table.ts';
import { isRunning, type RunStatus, type StepStatus } from '../../orchestration/run-status.ts';
import { GROUP } from '../../orchestration/schema.ts';
import type { AccessQuestion, Cluster } from './port.ts';
import type { Run } from './run.ts';

/** Lists the steps of a run that wait for a decision by people. */
export function listWaiting({ stepStatuses }: RunStatus): readonly StepStatus[] {
  return stepStatuses.filter((step) => {
    const kind = stepKinds.get(step.kind);
    return isRunning(step) && kind?.type === 'Gate' && kind.isDecidedByPeople?.(step) === true;
  });
}

/** Reads the runs that own a run, and returns who created it. An owner that cannot be read counts as unknown. */
export async function findCreators(object: KubeObject, readRun: ReadRun): Promise<Creators> {
  const lineage = [object];
  for (let run = await readOwner(object, readRun); run !== undefined; run = await readOwner(run, readRun)) {
    const { uid } = run.metadata;
    if (lineage.some(({ metadata }) => metadata.uid === uid)) break;
    lineage.push(run);
  }
  return readCreators(lineage);
}

/** Reads a run. Undefined if it cannot be read. */
export type ReadRun = (name: string, namespace: string | undefined) => Promise<KubeObject | undefined>;

/** Reads runs one by one. */
export function readRunOf(cluster: Pick<Cluster, 'get'>): ReadRun {
  return (name, namespace) => cluster.get('OrchestrationRun', name, namespace).catch(() => undefined);
}

async function readOwner(run: KubeObject, readRun: ReadRun): Promise<KubeObject | undefined> {
  const owner = controllerOf(run, 'OrchestrationRun');
  const found = owner && (await readRun(owner.name, run.metadata.namespace));
  return found?.metadata.uid === owner?.uid ? found : undefined;
}

/**
 * Returns the rights of which one is enough to decide about a step: the right to decide about all steps of its
 * Orchestration, and the right to decide about this one.
 */
function rightsToDecide({ namespace, spec }: Run, step: string): readonly AccessQuestion[] {
  const { name } = spec.orchestrationRef;
  const right = { verb: 'approve', group: GROUP, resource: 'orchestrations', subresource: 'approval', namespace };
  return [
    { ...right, name },
    { ...right, name: `${name}.${step}` },
  ];
}

/** Returns the right that the user has to ask for to decide about a step, as a sentence. Undefined if the user has all. */
export async function findRight(cluster: Pick<Cluster, 'canI'>, run: Run, step: string): Promise<string | undefined> {
  const { namespace, name } = run;
  const patch = { verb: 'patch', group: GROUP, resource: 'orchestrationruns', namespace, name };
  if (!(await cluster.canI(patch)).allowed) return `ask for the verb patch on orchestrationruns (${GROUP})`;
  if (await mayDecide(cluster, run, step)) return undefined;
  const names = rightsToDecide(run, step).map((right) => right.name);
  return `ask for the verb approve on orchestrations/approval (${GROUP}), resource name ${names.join(' or ')}`;
}

/** Asks the API server whether the user may decide about a step. */
export async function mayDecide(cluster: Pick<Cluster, 'canI'>, run: Run, step: string): Promise<boolean> {
  for (const right of rightsToDecide(run, step)) if ((await cluster.canI(right)).allowed) return true;
  return false;
}
