import { quoteName } from '../../dag/display.ts';
import { checkParameters, readDeclared } from '../../orchestration/declared-parameters.ts';
import { decodeOrchestration, type Orchestration } from '../../orchestration/decode.ts';
import { stepKinds } from '../../orchestration/kinds/table.ts';
import type { Step } from '../../orchestration/schema.ts';
import { previewInputs, previewRun } from '../../reconciler/preview.ts';
import { type Scenario, simulateRun } from '../../reconciler/simulate.ts';
import { guess } from '../arguments.ts';
import { CommandError } from '../cluster/failure.ts';
import { clusterFlags } from '../cluster/flags.ts';
import { findRepeatedKeys, parameterFlag } from '../cluster/parameters.ts';
import type { Cluster } from '../cluster/port.ts';
import { rerunFlags } from '../cluster/rerun-flags.ts';
import { nameOf } from '../cluster/run-operand.ts';
import { defineCommand, type Outcome } from '../command.ts';
import { chooseOrchestrations } from '../files/choose.ts';
import type { FoundObject } from '../files/manifest.ts';
import { manifestFilesUnless } from '../files/operand.ts';
import { judgeObjects } from '../files/report.ts';
import { anyText, outputFlag, toggle, type ValueKind } from '../flags.ts';
import { writeJson } from '../format/escape.ts';
import { formatPlanText, type Planned } from '../format/plan-text.ts';
import { formatRerunText } from '../format/rerun-text.ts';
import { planOrchestration } from '../planning.ts';

const decision: ValueKind<readonly [step: string, value: boolean]> = {
  placeholder: 'STEP=BOOL',
  expected: 'STEP=true or STEP=false',
  read: (text) => {
    const [, step, value] = /^(.+)=(true|false)$/.exec(text) ?? [];
    return step === undefined ? undefined : [step, value === 'true'];
  },
};

/** Plans the Orchestrations of all given files, in order. */
export const plan = defineCommand({
  verb: 'plan',
  details:
    'A plan shows which steps can run at the same time (a wave), what their conditions are, which steps are skipped if one fails, and how long the run can take. --server also shows what the files would change in a cluster. --fail, --when and --cancel simulate a run. --rerun takes no files, and shows which steps a rerun would not repeat.',
  operands: manifestFilesUnless('rerunOf'),
  flags: {
    output: outputFlag(['text', 'json'], 'the format'),
    name: { flag: 'name', kind: anyText('NAME'), help: 'only Orchestrations of that name' },
    asksServer: {
      flag: 'server',
      kind: toggle,
      help: 'compare with what is stored, list live runs, dry-run each child',
    },
    parameters: parameterFlag('a parameter of the run'),
    fails: { flag: 'fail', kind: anyText('STEP'), help: 'simulate a run in which that step fails', isList: true },
    conditions: { flag: 'when', kind: decision, help: 'simulate: what the when of a step is', isList: true },
    cancelAt: { flag: 'cancel', kind: anyText('STEP'), help: 'simulate a run that is cancelled at that step' },
    rerunOf: {
      flag: 'rerun',
      kind: nameOf('OrchestrationRun'),
      help: 'show what a rerun of that run would inherit, and why the rest would run',
    },
    ...rerunFlags,
    ...clusterFlags,
  },
  exitCodes: {
    0: 'planned',
    1: 'an Orchestration or a child of one would be denied, cannot be read, or does not allow the parameters',
    2: 'could not run',
  },
  examples: [
    'plan release.yaml',
    'plan --server -n ci -p version=1.4.2 release.yaml',
    'plan --fail deploy release.yaml',
    'plan --rerun release-42 --from test',
  ],
  check: (values) => [...findRepeatedKeys(values.parameters), ...findMisplaced(values)],
  run: async (values, manifests, ports) => {
    const { output, name, asksServer, parameters, fails, conditions, cancelAt, rerunOf, from, isLatest, ...choice } =
      values;
    const given = Object.fromEntries(parameters);
    if (rerunOf !== undefined)
      return ports.withCluster(choice, async (cluster) => {
        const { planRerun } = await import('../cluster/plan-rerun.ts');
        const planned = await planRerun(cluster, rerunOf, { from, isLatest }, given);
        const stdout = output === 'json' ? writeJson(planned) : formatRerunText(planned);
        return { exitCode: 0, stdout, stderr: '' };
      });
    const scenario = { fails: new Set(fails), conditions: new Map(conditions), cancelAt };
    const { chosen, unread } = chooseOrchestrations(manifests, name, (objects) => planAll(objects, given, scenario));
    checkScenario(chosen, scenario);
    const report = (planned: readonly Planned[]): Outcome => ({
      exitCode: unread.length === 0 && planned.every(canRun) ? 0 : 1,
      stdout: output === 'json' ? writeJson(planned) : formatPlanText(planned),
      stderr: unread.map((line) => `plan: ${line}\n`).join(''),
    });
    if (!asksServer) return report(chosen.map(({ planned }) => planned));
    return ports.withCluster(choice, async (cluster) =>
      report(await Promise.all(chosen.map((one) => ask(cluster, one, given)))),
    );
  },
});

/** Finds flags that need --rerun and are given without it, and flags that do not go with it, one sentence each. */
function findMisplaced({ rerunOf, from, isLatest, ...others }: Readonly<Record<string, unknown>>): readonly string[] {
  const isGiven = (value: unknown) => value !== undefined && !(Array.isArray(value) && value.length === 0);
  const flags = { asksServer: 'server', name: 'name', fails: 'fail', conditions: 'when', cancelAt: 'cancel' };
  if (rerunOf !== undefined)
    return Object.entries(flags).flatMap(([key, flag]) =>
      isGiven(others[key]) ? [`--${flag} is about files, and --rerun about a run: leave one of them out`] : [],
    );
  const alone = [...(isGiven(from) ? ['from'] : []), ...(isGiven(isLatest) ? ['latest'] : [])];
  return alone.map((flag) => `--${flag} is about a rerun: add --rerun RUN`);
}

interface PlannedOrchestration {
  readonly name: string;
  readonly planned: Planned;
  readonly orchestration: Orchestration;
}

/** Adds what the cluster says. Loads the code that builds children only here. */
async function ask(
  cluster: Cluster,
  { planned, orchestration }: PlannedOrchestration,
  parameters: Readonly<Record<string, string>>,
): Promise<Planned> {
  if (planned.plan === undefined) return planned;
  const { judgeChildren } = await import('../cluster/children.ts');
  const { findImpact } = await import('../cluster/stored.ts');
  const impact = await findImpact(cluster, orchestration);
  return { ...planned, impact, children: await judgeChildren(orchestration, cluster, parameters) };
}

function canRun({ plan: found, violations = [], children = [] }: Planned): boolean {
  return found !== undefined && violations.length === 0 && children.every(({ verdict }) => verdict !== 'Denied');
}

function planAll(
  objects: readonly FoundObject[],
  parameters: Readonly<Record<string, string>>,
  scenario: Scenario,
): PlannedOrchestration[] {
  const judged = judgeObjects(objects);
  return objects.map((object) => {
    const { orchestration } = decodeOrchestration(object.value);
    const { namespace, name } = orchestration;
    const problems = (judged.get(object) ?? [])
      .filter(({ severity }) => severity === 'deny')
      .map(({ code, field, message }) => ({ code, field, message }));
    const planned: Planned = {
      namespace,
      name,
      problems,
      ...(problems.length === 0 && planRunOf(orchestration, parameters, scenario)),
    };
    return { name, planned, orchestration };
  });
}

function planRunOf(
  orchestration: Orchestration,
  parameters: Readonly<Record<string, string>>,
  scenario: Scenario,
): Pick<Planned, 'plan' | 'violations' | 'inputs' | 'simulation'> {
  const run = previewRun(orchestration, orchestration.namespace, parameters);
  // Without -p, the plan is about any run.
  const isGiven = Object.keys(parameters).length > 0;
  return {
    plan: planOrchestration(orchestration),
    ...(isGiven && { violations: checkParameters(readDeclared(orchestration), parameters) }),
    inputs: previewInputs(orchestration, run),
    ...(isSimulated(scenario) && { simulation: simulateRun(orchestration, run, stepKinds, scenario) }),
  };
}

function isSimulated({ fails, conditions, cancelAt }: Scenario): boolean {
  return fails.size > 0 || conditions.size > 0 || cancelAt !== undefined;
}

/** Checks that the steps of a simulation exist and can end as the flags say. Throws CommandError. */
function checkScenario(chosen: readonly PlannedOrchestration[], { fails, conditions, cancelAt }: Scenario): void {
  const steps = chosen.flatMap(({ orchestration }) => orchestration.steps);
  const known = [...new Set(steps.map(({ name }) => name))];
  const check = (name: string, misfit: string, fits: (step: Step) => boolean) => {
    const named = steps.filter((step) => step.name === name);
    if (named.length === 0) return [`no step is named ${quoteName(name)}; ${guess(name, known)}`];
    return named.some(fits) ? [] : [`step ${quoteName(name)} ${misfit}`];
  };
  const takesTime = ({ kind }: Step) => stepKinds.get(kind)?.type !== 'Immediate';
  const mistakes = [
    ...[...fails].flatMap((name) => check(name, 'cannot fail: it succeeds at once', takesTime)),
    ...[...conditions.keys()].flatMap((name) => check(name, 'has no when', ({ when }) => when !== undefined)),
    ...(cancelAt === undefined ? [] : check(cancelAt, 'cannot be cancelled: it succeeds at once', takesTime)),
  ];
  if (mistakes.length > 0) throw new CommandError(...mistakes);
}
