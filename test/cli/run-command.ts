import type { Command, Outcome, Ports } from '../../src/cli/command.ts';
import type { LintProblem } from '../../src/cli/files/report.ts';

/** A world without files, cluster and terminal, except for what is given. */
export function portsOf(given: Partial<Ports> = {}): Ports {
  return {
    environment: {},
    readSources: (paths) => Promise.resolve({ sources: [], mistakes: paths.map((path) => `"${path}" does not exist`) }),
    withCluster: () => Promise.reject(new Error('there is no cluster here')),
    screen: {
      isInteractive: false,
      isColored: false,
      size: () => ({ columns: 80, rows: 24 }),
      write: () => {},
      drained: () => Promise.resolve(true),
      warn: () => {},
    },
    clock: { now: () => 0, schedule: () => () => {} },
    newUuid: () => '00000000-0000-4000-8000-000000000000',
    ...given,
  };
}

/** Runs a command with these texts as files. No other file exists. */
export function runOn(
  command: Command,
  files: Readonly<Record<string, string>>,
  args: readonly string[],
): Promise<Outcome> {
  const readSources: Ports['readSources'] = (paths) => {
    const isThere = (path: string) => Object.hasOwn(files, path);
    return Promise.resolve({
      sources: paths.filter(isThere).map((file) => ({ file, text: files[file] ?? '' })),
      mistakes: paths.filter((path) => !isThere(path)).map((path) => `"${path}" does not exist`),
    });
  };
  return command.execute(args, portsOf({ readSources }));
}

/** Returns the configuration that a command passes to the program that it starts, or the mistakes in its arguments. */
export async function configurationOf<C>(
  commandOf: (start: (configuration: C) => Promise<never>) => Command,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<{ readonly configuration: C } | { readonly mistakes: readonly string[] }> {
  let started: C | undefined;
  const command = commandOf((configuration) => {
    started = configuration;
    return Promise.reject(new Error('nothing is to be started'));
  });
  const outcome = await command.execute(args, portsOf({ environment })).catch(() => undefined);
  if (started !== undefined) return { configuration: started };
  const lines = (outcome?.stderr ?? '').split('\n').filter((line) => line.startsWith(`${command.verb}: `));
  return { mistakes: lines.map((line) => line.slice(command.verb.length + 2)) };
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

/** The YAML of an Orchestration `name` with a step for each of the others, which runs it. */
export function calling(name: string, ...others: readonly string[]): string {
  const steps = others.map(
    (other) => `{ name: run-${other}, kind: SubOrchestration, orchestrationRef: { name: ${other} } }`,
  );
  return orchestration(name, ...steps);
}
