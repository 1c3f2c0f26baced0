import { decodeOrchestration } from '../../orchestration/decode.ts';
import { CLUSTER_USAGE, clusterFlags, connect, explainFailure } from '../cluster/command.ts';
import type { Cluster } from '../cluster/port.ts';
import { describeUnknownName, type Outcome, type Ports, readInput, refuse } from '../command.ts';
import { judgeObjects } from '../files/report.ts';
import { displayText, writeJson } from '../format/escape.ts';
import { formatPlanText, type Planned } from '../format/plan-text.ts';
import { readParameters } from '../parameters.ts';
import { planOrchestration } from '../planning.ts';

const command = {
  verb: 'plan',
  flags: { output: ['text', 'json'], name: 'text', server: 'switch', parameter: 'texts', ...clusterFlags },
  usage: `usage: orchestration-gate plan [-o text|json] [--name NAME] [--server [-p KEY=VALUE]...] FILE|DIR|-...

Tells what a run of each Orchestration in YAML or JSON files would do: wave by wave what may run together, what a failure
of each step would skip, and how long the longest path can take, with time-outs and retries. With --server also how it
differs from the one that is stored, which live runs keep what they started with, and whether the API server would create
the child of each step. - is standard input.

  -o, --output     text (the default) or json
  --name           only Orchestrations of that name
  --server         compares with the cluster, and asks it for every child in a dry run that stores nothing
  -p, --parameter  with --server: of the run whose children are asked for; give it as often as needed
${CLUSTER_USAGE}
Exit code: 0 told, 1 some would be refused, or a child of theirs, or cannot be read; 2 could not run.
`,
} as const;

/** Plans the Orchestrations of all given files, in order. */
export async function plan(args: readonly string[], ports: Ports): Promise<Outcome> {
  const input = await readInput(command, args, ports);
  if (!input.ok) return input.outcome;
  const { output = 'text', name: wanted, server: isCompared, parameter = [] } = input.values;
  const { parameters, mistakes } = readParameters(parameter);
  if (mistakes.length > 0) return refuse('plan', mistakes);
  const unread = input.manifests.flatMap(({ file, mistakes }) =>
    mistakes.map(({ line, column, message }) => `${displayText(file)}:${line}:${column}: ${message}`),
  );
  const all = planAll(input.manifests.flatMap(({ objects }) => objects));
  if (all.length === 0) return refuse('plan', [...unread, 'there is no Orchestration in what was given']);
  const chosen = all.filter(({ name }) => wanted === undefined || name === wanted);
  if (wanted !== undefined && chosen.length === 0) {
    return refuse('plan', [
      ...unread,
      describeUnknownName(
        wanted,
        all.map(({ name }) => name),
      ),
    ]);
  }
  const tell = (planned: readonly Planned[]): Outcome => ({
    exitCode: unread.length === 0 && planned.every(canRun) ? 0 : 1,
    stdout: output === 'json' ? writeJson(planned) : formatPlanText(planned),
    stderr: unread.map((line) => `plan: ${line}\n`).join(''),
  });
  const { values } = input;
  if (!isCompared) return tell(chosen.map(({ planned }) => planned));
  return explainFailure('plan', () =>
    ports.withCluster(async (clusters) => {
      const cluster = await connect(clusters, values);
      return tell(await Promise.all(chosen.map((one) => ask(cluster, one, parameters))));
    }),
  );
}

/** Adds what the cluster says. Loads what builds children only here. */
async function ask(
  cluster: Cluster,
  { planned, orchestration }: ReturnType<typeof planAll>[number],
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

function planAll(objects: Parameters<typeof judgeObjects>[0]) {
  const judged = judgeObjects(objects);
  return objects
    .filter(({ kind }) => kind === 'Orchestration')
    .map((object) => {
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
