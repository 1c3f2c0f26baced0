import type { KubeObject } from '../../objects/object.ts';
import { approversOf, isAdmitted, readDecisions } from '../../orchestration/approvals.ts';
import type { StepStatus } from '../../orchestration/run-status.ts';
import { findCreators, findRight, listWaiting, readRunOf } from './approvers.ts';
import type { Cluster } from './port.ts';
import { readRun } from './run.ts';

/** Finds the steps of a run that wait for the user of this cluster. */
export type FindMine = (object: KubeObject) => Promise<readonly StepStatus[]>;

/**
 * Returns a function that finds the steps that the user may decide about and has not decided about. It asks the API server
 * once who the user is, once for each run with a waiting step whether the user may change it, and once for each
 * Orchestration (or step of one) whether the user may decide.
 */
export async function createFindMine(cluster: Pick<Cluster, 'get' | 'canI' | 'whoAmI'>): Promise<FindMine> {
  const user = await cluster.whoAmI();
  const answers = new Map<string, ReturnType<Cluster['canI']>>();
  const canI: Cluster['canI'] = (question) => {
    const key = JSON.stringify(question);
    const answer = answers.get(key) ?? cluster.canI(question);
    answers.set(key, answer);
    return answer;
  };
  return async (object) => {
    const run = readRun(object);
    const found: StepStatus[] = [];
    for (const step of listWaiting(run.status)) {
      if (hasDecided(object, step, user) || (await findRight({ canI }, run, step.name)) !== undefined) continue;
      if (await counts(cluster, object, step, user)) found.push(step);
    }
    return found;
  };
}

function hasDecided({ metadata }: KubeObject, { name, approvals = [] }: StepStatus, user: string): boolean {
  const { decisions = [] } = readDecisions(metadata.annotations ?? {}).get(name) ?? {};
  return [...approvals, ...decisions].some((decision) => decision.user === user);
}

/** Whether the decision of the user would count for the step. */
async function counts(
  cluster: Pick<Cluster, 'get'>,
  object: KubeObject,
  step: StepStatus,
  user: string,
): Promise<boolean> {
  const approvers = approversOf(step);
  return !approvers.notCreator || isAdmitted(user, approvers, await findCreators(object, readRunOf(cluster)));
}
