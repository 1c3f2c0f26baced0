import { decodeOrchestration, type Orchestration } from '../../orchestration/decode.ts';
import { clusterFlags } from '../cluster/flags.ts';
import { findRepeatedKeys, parameterFlag } from '../cluster/parameters.ts';
import type { Cluster } from '../cluster/port.ts';
import { defineCommand, type Outcome } from '../command.ts';
import { chooseOrchestrations } from '../files/choose.ts';
import type { FoundObject } from '../files/manifest.ts';
import { manifestFiles } from '../files/operand.ts';
import { judgeObjects } from '../files/report.ts';
import { anyText, outputFlag, toggle } from '../flags.ts';
import { writeJson } from '../format/escape.ts';
import { formatPlanText, type Planned } from '../format/plan-text.ts';
import { planOrchestration } from '../planning.ts';

/** Plans the Orchestrations of all given files, in order. */
export const plan = defineCommand({
  verb: 'plan',
  details:
    'A plan shows in waves which steps may run together, which steps each failure would skip, and how long the longest path can take.',
  operands: manifestFiles,
  flags: {
    output: outputFlag(['text', 'json'], 'the format'),
    name: { flag: 'name', kind: anyText('NAME'), help: 'only Orchestrations of that name' },
    asksServer: {
      flag: 'server',
      kind: toggle,
      help: 'compare with what is stored, list live runs, and ask for each child in a dry run',
    },
    parameters: parameterFlag('with --server: a parameter of the run'),
    ...clusterFlags,
  },
  exitCodes: {
    0: 'planned',
    1: 'an Orchestration or a child of one would be denied, or cannot be read',
    2: 'could not run',
  },
  examples: ['plan release.yaml', 'plan --server -n ci -p version=1.4.2 release.yaml'],
  check: ({ parameters }) => findRepeatedKeys(parameters),
  run: async ({ output, name, asksServer, parameters, ...choice }, manifests, ports) => {
    const { chosen, unread } = chooseOrchestrations(manifests, name, planAll);
    const report = (planned: readonly Planned[]): Outcome => ({
      exitCode: unread.length === 0 && planned.every(canRun) ? 0 : 1,
      stdout: output === 'json' ? writeJson(planned) : formatPlanText(planned),
      stderr: unread.map((line) => `plan: ${line}\n`).join(''),
    });
    if (!asksServer) return report(chosen.map(({ planned }) => planned));
    return ports.withCluster(choice, async (cluster) =>
      report(await Promise.all(chosen.map((one) => ask(cluster, one, Object.fromEntries(parameters))))),
    );
  },
});

interface PlannedOrchestration {
  readonly name: string;
  readonly planned: Planned;
  readonly orchestration: Orchestration;
}

/** Adds what the cluster says. Loads what builds children only here. */
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

function canRun({ plan: found, children = [] }: Planned): boolean {
  return found !== undefined && children.every(({ verdict }) => verdict !== 'Denied');
}

function planAll(objects: readonly FoundObject[]): PlannedOrchestration[] {
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
      ...(problems.length === 0 && { plan: planOrchestration(orchestration) }),
    };
    return { name, planned, orchestration };
  });
}
