import { makeWish } from '../cli/cluster/annotate.ts';
import {
  createOnce,
  describeCreated,
  type NewRun,
  nameRun,
  readParameters,
  writeRun,
} from '../cli/cluster/create-run.ts';
import { decide } from '../cli/cluster/decide.ts';
import { CommandError, describeFailure } from '../cli/cluster/failure.ts';
import { type Cluster as Api, isApiFailure } from '../cli/cluster/port.ts';
import { readRerun } from '../cli/cluster/rerun.ts';
import { cancelling, resuming, suspending } from '../cli/cluster/wishes.ts';
import type { Outcome } from '../cli/command.ts';
import { checkParameters, readDeclared, suggestParameters } from '../orchestration/declared-parameters.ts';
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

async function act(action: Action, api: Api): Promise<ActionAnswer> {
  switch (action.verb) {
    case 'run':
      return createRun(action, api);
    case 'rerun':
      return rerun(action, api);
    case 'approve':
    case 'deny': {
      const { verb, run, step, comment } = action;
      return answer(await decide(api, { verb, run, step, ...(comment !== '' && { comment }) }));
    }
    case 'cancel':
      return answer(await makeWish(api, action.run, cancelling(action.isNow)));
    case 'suspend':
      return answer(await makeWish(api, action.run, suspending));
    case 'resume':
      return answer(await makeWish(api, action.run, resuming));
    default:
      return action satisfies never;
  }
}

/** Returns the output of the command line as the answer. */
function answer({ exitCode, stdout }: Outcome): ActionAnswer {
  return { isDone: exitCode === 0, sentences: [`${stdout.trim()}.`] };
}

async function createRun({ orchestration, parameters, deliveryId }: Of<'run'>, api: Api): Promise<ActionAnswer> {
  const declared = await readParameters(api, orchestration);
  const violations = checkParameters(declared, parameters);
  const answer = await create({ orchestration, parameters, deliveryId, violations }, api);
  return { ...answer, sentences: [...answer.sentences, ...suggestParameters(declared, parameters)] };
}

/** The reconciler reads the annotations, and decides what the new run inherits. */
async function rerun({ run, steps, isLatest, deliveryId }: Of<'rerun'>, api: Api): Promise<ActionAnswer> {
  const { source, followed, parameters, mistakes } = await readRerun(api, run, {
    from: steps,
    ...(isLatest && { isLatest }),
  });
  const declared = followed === undefined ? new Map<never, never>() : readDeclared(followed);
  const violations = [...mistakes, ...checkParameters(declared, parameters)];
  if (violations.length > 0) throw new CommandError(...violations);
  const { orchestration } = source.run;
  const annotations = writeResumption({ run, steps, isLatest });
  return create({ orchestration, parameters, deliveryId, annotations, violations }, api);
}

async function create(
  { violations, ...asked }: Omit<NewRun, 'name' | 'namespace'> & { readonly violations: readonly string[] },
  api: Api,
): Promise<ActionAnswer> {
  const name = nameRun(asked.orchestration, asked.deliveryId, undefined);
  const wanted = writeRun({ ...asked, name, namespace: api.namespace });
  const { object, isNew } = await createOnce(api, wanted, false, violations);
  return { isDone: true, sentences: [`${describeCreated(object, isNew).trim()}.`], run: name };
}
