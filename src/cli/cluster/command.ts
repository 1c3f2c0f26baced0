import { quoteName } from '../../dag/display.ts';
import { type Arguments, asksForHelp, type Flags, readArguments } from '../arguments.ts';
import { type Outcome, refuse } from '../command.ts';
import { displayText } from '../format/escape.ts';
import { CommandError, describeFailure } from './failure.ts';
import { type Cluster, type ClusterChoice, type ClusterPorts, isApiFailure } from './port.ts';

/** The flags of every command that asks a cluster. */
export const clusterFlags = { namespace: 'text', kubeconfig: 'text', context: 'text' } as const;

export const CLUSTER_USAGE = `  -n, --namespace  default: that of the kubeconfig's context
  --kubeconfig     default: the files of KUBECONFIG, else ~/.kube/config, else the pod this runs in
  --context        default: the kubeconfig's current context
`;

/** A command that asks a cluster about one object. */
export interface ClusterCommand<F extends Flags> {
  readonly verb: string;
  readonly usage: string;
  readonly flags: F;
  /** What the one operand names, for a mistake: `a run`. */
  readonly operand: string;
  /** What is wrong with the values, beyond their form. */
  readonly check?: (values: Arguments<F>['values']) => readonly string[];
}

type Act<F extends Flags> = (
  cluster: Cluster,
  operand: string,
  values: Arguments<F & typeof clusterFlags>['values'],
) => Promise<Outcome>;

/** Reads the arguments, finds the cluster and acts; whatever can be mended by the user becomes a sentence and exit code 2. */
export async function runOnCluster<const F extends Flags>(
  { verb, usage, flags, operand, check = () => [] }: ClusterCommand<F>,
  args: readonly string[],
  ports: Pick<ClusterPorts, 'connect'>,
  act: Act<F>,
): Promise<Outcome> {
  if (asksForHelp(args)) return { exitCode: 0, stdout: usage, stderr: '' };
  const { values, operands, mistakes } = readArguments({ ...flags, ...clusterFlags }, args);
  const [name] = operands;
  const count = operands.length === 1 ? findNameMistakes(name) : [`name ${operand}, and nothing else`];
  const all = [...mistakes, ...count, ...check(values as Arguments<F>['values'])];
  if (all.length > 0 || name === undefined) return refuse(verb, all);
  return explainFailure(verb, async () => act(await connect(ports, values), name, values));
}

/** Why a name cannot be asked for: what would be another path of the API, as kubectl sees it too. */
export function findNameMistakes(name: string | undefined): readonly string[] {
  if (name === undefined || /^(?!\.{0,2}$)[^/%]+$/.test(name)) return [];
  return [name === '' ? 'the name is empty' : `${quoteName(name)} is no name: it is . or .., or holds / or %`];
}

/** Finds the cluster that the flags choose. */
export async function connect(
  { connect: find }: Pick<ClusterPorts, 'connect'>,
  choice: ClusterChoice,
): Promise<Cluster> {
  const mistakes = findNameMistakes(choice.namespace).map((mistake) => `--namespace: ${mistake}`);
  if (mistakes.length > 0) throw new CommandError(...mistakes);
  try {
    return await find(choice);
  } catch (error) {
    throw new CommandError(displayText((error as Error).message));
  }
}

/** Runs what asks a cluster, and words what it could not do. */
export async function explainFailure(verb: string, act: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof CommandError) return fail(verb, error.mistakes);
    if (isApiFailure(error)) return fail(verb, describeFailure(error));
    throw error;
  }
}

/** The command could not do what it was asked to, and its arguments are not why. */
function fail(verb: string, mistakes: readonly string[]): Outcome {
  return { exitCode: 2, stdout: '', stderr: mistakes.map((mistake) => `${verb}: ${mistake}\n`).join('') };
}
