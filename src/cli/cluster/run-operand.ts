import { GROUP } from '../../orchestration/schema.ts';
import { KubeErrorReason } from '../../orchestration/vocabulary/kube-error-reasons.ts';
import { failWith, type OperandKind, type Outcome, oneOperand, type Ports, severalOperands } from '../command.ts';
import { anyText, isObjectName, type ValueKind } from '../flags.ts';
import { type ClusterKind, isApiFailure } from './port.ts';

/** The words for a kind before the slash of `kind/name`. The first is ours, the others are kubectl's. */
const WORDS: Readonly<Record<ClusterKind, readonly string[]>> = {
  OrchestrationRun: ['run', 'runs', 'orchestrationrun', 'orchestrationruns', 'orchrun', `orchestrationrun.${GROUP}`],
  Orchestration: ['orchestration', 'orchestrations', 'orch', `orchestration.${GROUP}`],
};

/** The kind that a word stands for. */
export function kindOf(word: string): ClusterKind | undefined {
  const kinds = Object.keys(WORDS) as ClusterKind[];
  return kinds.find((kind) => WORDS[kind].includes(word.toLowerCase()));
}

/** The name of an object, alone or after its kind, as `kubectl get -o name` and `list -o name` write it. */
export function nameOf(kind: ClusterKind): ValueKind<string> {
  const words = WORDS[kind];
  return {
    placeholder: 'NAME',
    expected: `a name or ${words[0]}/NAME, where the name has no / and no %, and is not . or ..`,
    read: (text) => {
      const slash = text.indexOf('/');
      const name = text.slice(slash + 1);
      const isKind = slash < 0 || words.includes(text.slice(0, slash).toLowerCase());
      return isKind && isObjectName(name) ? name : undefined;
    },
  };
}

/** One OrchestrationRun, by its name. */
export const oneRun: OperandKind<string> = oneOperand('RUN', nameOf('OrchestrationRun'), 'an OrchestrationRun');

/**
 * One OrchestrationRun, and optionally one of its steps. `what` names the step in the message to a user who gives an
 * empty one.
 */
export function runAndStep(what: string): OperandKind<{ readonly run: string; readonly step: string | undefined }> {
  const oneStep = oneOperand('STEP', anyText(), what);
  return {
    placeholder: `${oneRun.placeholder} [STEP]`,
    read: async ({ words: [first, ...others], unsure }, ports, mistakes, values) => {
      const of = (words: readonly string[]) => ({ words, unsure });
      const run = await oneRun.read(of(first === undefined ? [] : [first]), ports, mistakes, values);
      const step = others.length === 0 ? undefined : await oneStep.read(of(others), ports, mistakes, values);
      return run === undefined ? undefined : { run, step };
    },
  };
}

/** One OrchestrationRun or more, by their names, each once. */
export const severalRuns: OperandKind<readonly string[]> = severalOperands(
  'RUN',
  nameOf('OrchestrationRun'),
  'an OrchestrationRun',
);

/**
 * Does the same for each name, one after the other. Writes the outcome of one before the next begins. If one fails,
 * continues with the others, unless the API server cannot be used at all. The exit code is the worst of all.
 */
export async function forEachName(
  verb: string,
  names: readonly string[],
  { write, warn }: Ports['screen'],
  act: (name: string) => Promise<Outcome>,
): Promise<Outcome> {
  let exitCode: Outcome['exitCode'] = 0;
  for (const name of names) {
    const outcome = await act(name).catch((error: unknown) => {
      if (isApiFailure(error) && CONCERNS_ALL.has(error.reason)) throw error;
      return failWith(verb, error);
    });
    write(outcome.stdout);
    warn(outcome.stderr);
    exitCode = outcome.exitCode > exitCode ? outcome.exitCode : exitCode;
  }
  return { exitCode, stdout: '', stderr: '' };
}

/** Failures that would be the same for any other name. */
const CONCERNS_ALL: ReadonlySet<KubeErrorReason> = new Set([KubeErrorReason.Unauthorized, KubeErrorReason.Unavailable]);
