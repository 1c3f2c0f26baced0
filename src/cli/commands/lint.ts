import { clusterFlags } from '../cluster/flags.ts';
import { defineCommand, type Outcome } from '../command.ts';
import { findIgnored } from '../files/ignored-fields.ts';
import { manifestFiles } from '../files/operand.ts';
import { judgeManifests, type LintReport } from '../files/report.ts';
import { oneOf, outputFlag, toggle } from '../flags.ts';
import { exitCodeOf, problemFormats } from '../format/problems.ts';

/** Judges all objects of all given files. Loads the code that uses a cluster only if that is asked for. */
export const lint = defineCommand({
  verb: 'lint',
  details: 'Objects of other kinds are ignored. A DIR is searched for *.yaml, *.yml and *.json; - is standard input.',
  operands: manifestFiles,
  flags: {
    output: outputFlag(['text', 'json', 'github', 'sarif'], 'how problems are written'),
    isStrict: { flag: 'strict', kind: toggle, help: 'count warnings as errors' },
    target: {
      flag: 'for',
      kind: oneOf(['agents-chart']),
      help: "also warn of each field that the agents chart's orchestration controller ignores",
    },
    asksServer: {
      flag: 'server',
      kind: toggle,
      help: "ask the API server, with its schema and its gate's settings, in a dry run",
    },
    asksChildren: {
      flag: 'children',
      kind: toggle,
      help: 'with --server: also ask for the child of each step, with your rights',
    },
    ...clusterFlags,
  },
  exitCodes: { 0: 'nothing is denied', 1: 'something is denied', 2: 'could not run' },
  examples: ['lint manifests/', 'lint --server -n ci -o github release.yaml'],
  check: ({ target, asksServer, asksChildren }) => [
    ...(asksChildren && !asksServer ? ['--children asks the API server: add --server'] : []),
    ...(target !== undefined && asksServer ? ['--for is not asked of the API server: leave out --server'] : []),
  ],
  run: async ({ output, isStrict, target, asksServer, asksChildren, ...choice }, manifests, ports) => {
    const report = (found: LintReport, notes: readonly string[] = []): Outcome => {
      const stderr = notes.map((note) => `lint: ${note}\n`).join('');
      const stdout = problemFormats[output](found, ports.screen.isColored);
      return { exitCode: exitCodeOf(found, isStrict), stdout, stderr };
    };
    if (!asksServer) return report(judgeManifests(manifests, target === 'agents-chart' ? findIgnored : undefined));
    const { judgeOnServer } = await import('../cluster/judge.ts');
    const notes: string[] = [];
    const findMore = asksChildren
      ? (await import('../cluster/find-children.ts')).findInChildren((note) => notes.push(note))
      : undefined;
    return ports.withCluster(choice, async (cluster) =>
      report(await judgeOnServer(manifests, cluster, findMore), notes),
    );
  },
});
