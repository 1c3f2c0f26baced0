import { displayName, displayObject, listNames, quoteName } from '../../dag/display.ts';
import { suggestName } from '../../dag/suggest.ts';
import type { KubeObject } from '../../objects/object.ts';
import {
  addDecisions,
  approversOf,
  type Decision,
  isAdmitted,
  nextDecisionKey,
  readDecisions,
  writeDecision,
} from '../../orchestration/approvals.ts';
import type { StepStatus } from '../../orchestration/run-status.ts';
import { KubeErrorReason } from '../../orchestration/vocabulary/kube-error-reasons.ts';
import type { Outcome } from '../command.ts';
import { findCreators, findRight, listWaiting, readRunOf } from './approvers.ts';
import { CommandError, describeFailure, readExisting } from './failure.ts';
import { type ApiFailure, type Cluster, isApiFailure } from './port.ts';
import { hasEnded, type Run, readRun } from './run.ts';

/** A decision that the user wants to make. Without a step, it is about the only one that waits. */
export interface Wanted {
  readonly verb: 'approve' | 'deny';
  readonly run: string;
  readonly step?: string | undefined;
  readonly comment?: string | undefined;
}

/**
 * The most tries to store a decision. A try fails if the run has changed meanwhile. A busy run changes a few times a
 * second.
 */
const MOST_TRIES = 20;

/** Decides about a step as the user that the API server knows. The decision is stored only if the step still waits. */
export async function decide(cluster: Cluster, wanted: Wanted): Promise<Outcome> {
  const user = await cluster.whoAmI();
  if (user === '') throw new CommandError('the API server does not say who you are, so your decision cannot name you');
  for (let tries = 1; ; tries++) {
    const object = await readExisting(cluster, 'OrchestrationRun', wanted.run);
    const run = readRun(object);
    if (hasEnded(run)) return report(run, `has already ended: ${run.status.phase}`, 1);
    const step = chooseStep(run, wanted);
    const decision = { user, decision: wanted.verb === 'approve' ? 'Approved' : 'Denied' } as const;
    const { comment } = wanted;
    const made = await makeDecision(cluster, object, step, { ...decision, ...(comment !== undefined && { comment }) });
    if (made instanceof Error) {
      if (made.reason === KubeErrorReason.Conflict && tries < MOST_TRIES) continue;
      throw await explainDenial(cluster, run, step, wanted.verb, made);
    }
    return report(run, made, 0);
  }
}

function report({ namespace, name }: Run, what: string, exitCode: Outcome['exitCode']): Outcome {
  return { exitCode, stdout: `${displayObject('OrchestrationRun', namespace, name)} ${what}\n`, stderr: '' };
}

/** The step that the decision is about. Throws CommandError if it does not wait for people. */
function chooseStep(run: Run, { verb, step: name }: Wanted): StepStatus {
  const waiting = listWaiting(run.status);
  const subject = displayObject('OrchestrationRun', run.namespace, run.name);
  const names = waiting.map((step) => step.name);
  if (name === undefined) {
    const [only, ...others] = waiting;
    if (only === undefined)
      throw new CommandError(
        `no step of ${subject} waits for people; see orchestration-gate status ${displayName(run.name)}`,
      );
    if (others.length === 0) return only;
    throw new CommandError(
      `${waiting.length} steps of ${subject} wait for people: name one of ${listNames(names, Infinity)}`,
    );
  }
  const found = waiting.find((step) => step.name === name);
  if (found !== undefined) return found;
  const known = run.status.stepStatuses.find((step) => step.name === name);
  if (known !== undefined) throw new CommandError(`cannot ${verb} step ${quoteName(name)}: ${describeStanding(known)}`);
  const meant = suggestName(
    name,
    run.status.stepStatuses.map((step) => step.name),
  );
  const guess = meant === undefined ? '' : `; did you mean ${quoteName(meant)}?`;
  throw new CommandError(`${subject} has no step ${quoteName(name)}${guess}`);
}

/** Describes the state of a step that does not wait for people. */
function describeStanding({ kind, phase, message = '' }: StepStatus): string {
  const said = message === '' ? '' : `: ${message}`;
  return `it is ${kind === '' ? 'a step' : `a step of kind ${displayName(kind)}`} that is ${phase}${said}`;
}

/** Stores a decision. Returns what to say about it, or the failure of the write. */
async function makeDecision(
  cluster: Cluster,
  object: KubeObject,
  step: StepStatus,
  decision: Decision,
): Promise<string | ApiFailure> {
  const { annotations = {}, name, resourceVersion } = object.metadata;
  const { user } = decision;
  const approvers = approversOf(step);
  const creators = approvers.notCreator ? await findCreators(object, readRunOf(cluster)) : new Set<string>();
  if (!isAdmitted(user, approvers, creators)) {
    const why = creators.size > 0 ? `${quoteName(user)} created the run` : 'it is unknown who created the run';
    throw new CommandError(`the decision would not count: ${why}, and step ${quoteName(step.name)} has notCreator`);
  }
  const { decisions = [] } = readDecisions(annotations).get(step.name) ?? {};
  const countable = (by: string) => isAdmitted(by, approvers, creators);
  const before = addDecisions(step.approvals ?? [], decisions, countable, '');
  const word = decision.decision.toLowerCase();
  if (before.some((one) => one.user === user && one.decision === decision.decision))
    return `step ${quoteName(step.name)} was ${word} by ${quoteName(user)} before`;
  try {
    const key = nextDecisionKey(step.name, annotations);
    await cluster.annotate(name, { [key]: writeDecision(decision) }, resourceVersion);
  } catch (error) {
    if (isApiFailure(error)) return error;
    throw error;
  }
  const approvals = before.filter((one) => one.decision === 'Approved').length + 1;
  const progress = word === 'denied' ? '' : `, ${approvals} of ${approvers.count}`;
  return `step ${quoteName(step.name)} is ${word} by ${quoteName(user)}${progress}`;
}

/** Explains why the API server denies a decision: names the right that the user lacks, if that is the cause. */
async function explainDenial(
  cluster: Cluster,
  run: Run,
  { name }: StepStatus,
  verb: Wanted['verb'],
  failure: ApiFailure,
): Promise<Error> {
  if (!cluster.isDenial(failure) && failure.reason !== KubeErrorReason.Forbidden) return failure;
  const lacking = await findRight(cluster, run, name).catch(() => undefined);
  if (lacking === undefined) return failure;
  return new CommandError(`you may not ${verb} step ${quoteName(name)}: ${lacking}`, ...describeFailure(failure));
}
