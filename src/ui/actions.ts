import { makeWish, type Wish } from '../cli/cluster/annotate.ts';
import { nameRun, requestRun } from '../cli/cluster/create-run.ts';
import { CommandError, describeFailure, readExisting } from '../cli/cluster/failure.ts';
import { type Cluster as Api, isApiFailure } from '../cli/cluster/port.ts';
import { hasEnded, readRun } from '../cli/cluster/run.ts';
import { cancelling, resuming, suspending } from '../cli/cluster/wishes.ts';
import { displayObject, quoteName } from '../dag/display.ts';
import { isDecidable, nextDecisionKey, writeDecision } from '../orchestration/approvals.ts';
import { writeResumption } from '../orchestration/resumption.ts';
import { KubeErrorReason } from '../orchestration/vocabulary/kube-error-reasons.ts';
import type { Action, ActionAnswer } from './page/protocol.ts';
import type { RightsReader } from './rights.ts';

type Of<Verb extends Action['verb']> = Extract<Action, { readonly verb: Verb }>;

/** Carries out what a person asks for, with the functions of the command line. Throws only for bugs. */
export async function carryOut(action: Action, api: Api, rights: Pick<RightsReader, 'forget'>): Promise<ActionAnswer> {
  try {
    return await act(action, api);
  } catch (error) {
    if (error instanceof CommandError) return { isDone: false, sentences: error.mistakes };
    if (!isApiFailure(error)) throw error;
    if (error.reason === KubeErrorReason.Forbidden) rights.forget();
    return { isDone: false, sentences: describeFailure(error) };
  }
}

function act(action: Action, api: Api): Promise<ActionAnswer> {
  switch (action.verb) {
    case 'run':
      return createRun(action, api);
    case 'rerun':
      return rerun(action, api);
    case 'approve':
    case 'deny':
      return decide(action, api);
    case 'cancel':
      return wish(api, action.run, cancelling(action.isNow));
    case 'suspend':
      return wish(api, action.run, suspending);
    case 'resume':
      return wish(api, action.run, resuming);
    default:
      return action satisfies never;
  }
}

async function wish(api: Api, run: string, wanted: Wish): Promise<ActionAnswer> {
  const { exitCode, stdout } = await makeWish(api, run, wanted);
  return { isDone: exitCode === 0, sentences: [`${stdout.trim()}.`] };
}

async function createRun({ orchestration, parameters, deliveryId }: Of<'run'>, api: Api): Promise<ActionAnswer> {
  const name = nameRun(orchestration, deliveryId.slice(0, 8));
  const request = { name, isNamed: false, orchestration, parameters, deliveryId };
  const { run, isNew, warnings } = await requestRun(api, request);
  const subject = displayObject('OrchestrationRun', run.namespace, run.name);
  return { isDone: true, sentences: [`${subject} ${isNew ? 'created' : 'is there already'}.`, ...warnings], run: name };
}

/** The reconciler reads the annotations, and decides what the new run inherits. */
async function rerun({ run: source, steps, isLatest, deliveryId }: Of<'rerun'>, api: Api): Promise<ActionAnswer> {
  const ended = readRun(await readExisting(api, 'OrchestrationRun', source));
  if (!hasEnded(ended))
    throw new CommandError(`${describeRun(api, source)} has not ended: only a run that has ended can be continued`);
  const { orchestrationRef, parameters = {} } = ended.spec;
  const name = nameRun(orchestrationRef.name, deliveryId.slice(0, 8));
  const { isNew, warnings } = await requestRun(api, {
    ...{ name, isNamed: false, orchestration: orchestrationRef.name, parameters, deliveryId },
    annotations: writeResumption({ run: source, steps, isLatest }),
  });
  const done = isNew ? `created: it continues ${source}` : 'is there already';
  return { isDone: true, sentences: [`${describeRun(api, name)} ${done}.`, ...warnings], run: name };
}

/** Writes one decision under a key of its own. The API server decides whether the user may, and the reconciler whether it counts. */
async function decide({ verb, run, step, comment }: Of<'approve' | 'deny'>, api: Api): Promise<ActionAnswer> {
  if (!isDecidable(step)) {
    throw new CommandError(
      `step ${quoteName(step)} has a name that no annotation can hold: only an ApprovalPolicy decides it`,
    );
  }
  const [{ metadata }, user] = await Promise.all([readExisting(api, 'OrchestrationRun', run), api.whoAmI()]);
  const decision = verb === 'approve' ? 'Approved' : 'Denied';
  const value = writeDecision({ user, decision, ...(comment !== '' && { comment }) });
  await api.annotate(run, { [nextDecisionKey(step, metadata.annotations ?? {})]: value });
  return {
    isDone: true,
    sentences: [`Step ${quoteName(step)} of ${describeRun(api, run)} is ${decision.toLowerCase()} by ${user}.`],
  };
}

function describeRun({ namespace }: Api, name: string): string {
  return displayObject('OrchestrationRun', namespace, name);
}
