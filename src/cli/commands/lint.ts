import { CLUSTER_USAGE, clusterFlags, connect, explainFailure } from '../cluster/command.ts';
import { type FindMore, judgeOnServer } from '../cluster/judge.ts';
import { type Outcome, type Ports, readInput, refuse } from '../command.ts';
import { judgeManifests, type LintReport } from '../files/report.ts';
import { formatGithub } from '../format/github.ts';
import { formatJson } from '../format/json.ts';
import { formatSarif } from '../format/sarif.ts';
import { formatText } from '../format/text.ts';

const formats = { text: formatText, json: formatJson, github: formatGithub, sarif: formatSarif } as const;

const command = {
  verb: 'lint',
  flags: {
    output: ['text', 'json', 'github', 'sarif'],
    strict: 'switch',
    server: 'switch',
    children: 'switch',
    ...clusterFlags,
  },
  usage: `usage: orchestration-gate lint [-o text|json|github|sarif] [--strict] [--server [--children]] FILE|DIR|-...

Judges the Orchestrations and OrchestrationRuns in YAML or JSON files by the rules of the gate, and Orchestrations that
run each other in a loop. A DIR is searched for *.yaml, *.yml and *.json; - is standard input. Other kinds are ignored.

  -o, --output     how problems are told: for people (text, the default) or for programs
  --strict         warnings count as problems too
  --server         has the cluster judge: its schema and the gate as configured there, in a dry run that stores nothing
  --children       with --server: has it also judge the child that each step would create, with your rights
${CLUSTER_USAGE}
Exit code: 0 nothing is denied, 1 something is, 2 could not run.
`,
} as const;

/** Loads what builds children only where they are asked for. */
async function findInChildren(note: (sentence: string) => void): Promise<FindMore> {
  return (await import('../cluster/find-children.ts')).findInChildren(note);
}

/** Judges all objects of all given files. */
export async function lint(args: readonly string[], ports: Ports): Promise<Outcome> {
  const input = await readInput(command, args, ports);
  if (!input.ok) return input.outcome;
  const { values, manifests } = input;
  const { output = 'text', strict: isStrict } = values;
  const tell = (report: LintReport, notes: readonly string[] = []): Outcome => {
    const hasFailed = report.problems.some(({ severity }) => severity === 'deny' || isStrict);
    const stderr = notes.map((note) => `lint: ${note}\n`).join('');
    return { exitCode: hasFailed ? 1 : 0, stdout: formats[output](report, ports.isColored), stderr };
  };
  if (values.children && !values.server) return refuse(command.verb, ['--children asks the API server: add --server']);
  if (!values.server) return tell(judgeManifests(manifests));
  return explainFailure(command.verb, () =>
    ports.withCluster(async (clusters) => {
      const notes: string[] = [];
      const findMore = values.children ? await findInChildren((note) => notes.push(note)) : undefined;
      return tell(await judgeOnServer(manifests, await connect(clusters, values), findMore), notes);
    }),
  );
}
