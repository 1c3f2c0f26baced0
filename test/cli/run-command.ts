import type { Outcome, Ports } from '../../src/cli/command.ts';
import type { LintProblem } from '../../src/cli/files/report.ts';

type Run = (args: readonly string[], ports: Ports) => Promise<Outcome>;

/** Runs a command over texts in place of files; what is not there does not exist. */
export function runOn(run: Run, files: Readonly<Record<string, string>>, args: readonly string[]): Promise<Outcome> {
  return run(args, {
    isColored: false,
    withCluster: () => Promise.reject(new Error('there is no cluster here')),
    readSources: (paths) => {
      const isThere = (path: string) => Object.hasOwn(files, path);
      return Promise.resolve({
        sources: paths.filter(isThere).map((file) => ({ file, text: files[file] ?? '' })),
        mistakes: paths.filter((path) => !isThere(path)).map((path) => `"${path}" does not exist`),
      });
    },
  });
}

/** The JSON report of a lint run, in short: `file:line:column CODE field`. */
export function briefly({ stdout }: Outcome): string[] {
  const problems = JSON.parse(stdout) as LintProblem[];
  return problems.map(({ file, line, column, code, field }) => `${file}:${line}:${column} ${code} ${field}`.trim());
}

/** The YAML of an Orchestration: steps as lines of a flow list. */
export function orchestration(name: string, ...steps: readonly string[]): string {
  return [
    'apiVersion: orchestration.proompteng.ai/v1alpha1',
    'kind: Orchestration',
    `metadata: { name: ${name}, namespace: ci }`,
    'spec:',
    '  steps:',
    ...steps.map((step) => `    - ${step}`),
    '',
  ].join('\n');
}

/** A step that runs other Orchestrations as steps of `name`. */
export function calling(name: string, ...others: readonly string[]): string {
  const steps = others.map(
    (other) => `{ name: run-${other}, kind: SubOrchestration, orchestrationRef: { name: ${other} } }`,
  );
  return orchestration(name, ...steps);
}
