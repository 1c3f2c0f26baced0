import { checkParameters, readDeclared, withDefaults } from '../../orchestration/declared-parameters.ts';
import { stepKinds } from '../../orchestration/kinds/table.ts';
import type { StepPhase } from '../../orchestration/run-status.ts';
import { type Cleanup, findCleanups } from '../../reconciler/cleanups.ts';
import { type Decision, decideInheritance } from '../../reconciler/inherit.ts';
import { CommandError } from './failure.ts';
import type { Cluster } from './port.ts';
import { readRerun } from './rerun.ts';

/** What a rerun of a run would inherit, as the reconciler itself decides it. */
export interface PlannedRerun {
  readonly namespace: string;
  /** The run that it continues. */
  readonly name: string;
  readonly orchestration: string;
  readonly steps: readonly PlannedStep[];
  /** Gates that ask again only because of what comes after them. */
  readonly asksAgain: readonly string[];
  readonly cleanups: readonly Cleanup[];
}

type PlannedStep =
  | { readonly step: string; readonly isInherited: true; readonly phase: StepPhase; readonly from: string }
  /** `resumeFrom`: the nested run that the nested run of the step would continue, if it still exists. */
  | { readonly step: string; readonly isInherited: false; readonly why: string; readonly resumeFrom?: string };

/** Plans a rerun with these parameters in place of those of the run. Creates nothing. */
export async function planRerun(
  cluster: Cluster,
  name: string,
  choice: Parameters<typeof readRerun>[2],
  given: Readonly<Record<string, string>>,
): Promise<PlannedRerun> {
  const { source, followed, parameters, mistakes, forbidden } = await readRerun(cluster, name, choice);
  const pairs = { ...parameters, ...given };
  const declared = followed === undefined ? undefined : readDeclared(followed);
  const violations = declared === undefined ? [] : checkParameters(declared, pairs);
  const all = [...mistakes, ...forbidden, ...violations];
  if (followed === undefined || declared === undefined || all.length > 0) throw new CommandError(...all);
  const next = { orchestration: followed, parameters: withDefaults(declared, pairs), steps: choice.from };
  const decisions = decideInheritance(source, next, stepKinds);
  const { namespace, orchestration } = source.run;
  return {
    ...{ namespace, name, orchestration },
    steps: decisions.map(planStep),
    asksAgain: decisions.flatMap((one) => (one.type === 'Runs' && one.cause.type === 'Asks' ? [one.step] : [])),
    cleanups: findCleanups(source, decisions),
  };
}

function planStep(decision: Decision): PlannedStep {
  const { step } = decision;
  if (decision.type === 'Inherited')
    return { step, isInherited: true, phase: decision.status.phase, from: decision.from };
  const { cause, resumeFrom } = decision;
  return { step, isInherited: false, why: cause.message, ...(resumeFrom !== undefined && { resumeFrom }) };
}
