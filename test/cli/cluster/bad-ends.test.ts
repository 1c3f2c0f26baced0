import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Cluster } from '../../../src/cli/cluster/port.ts';
import { lint } from '../../../src/cli/commands/lint.ts';
import { startCommand } from '../../support/cli.ts';
import { portsOf } from '../run-command.ts';

/** An address where nothing listens. Port 1 is for a protocol that nobody uses. */
const NOWHERE = 'https://127.0.0.1:1';

const kubeconfig = (server: string) => `apiVersion: v1
kind: Config
clusters: [{ name: c, cluster: { server: ${server} } }]
contexts: [{ name: c, context: { cluster: c, user: u } }]
users: [{ name: u, user: {} }]
current-context: c
`;

async function write(text: string): Promise<string> {
  const folder = await mkdtempDisposable(join(tmpdir(), 'bad-ends-'));
  onTestFinished(() => folder.remove());
  const file = join(folder.path, 'config');
  await writeFile(file, text);
  return file;
}

type Words = readonly [Parameters<typeof startCommand>[0], ...string[]];

const NAME = 'a name without / and %, other than . and ..';
const RUN = 'a name or run/NAME, where the name has no / and no %, and is not . or ..';

test.each<[words: Words, complaint: string]>([
  [['status'], 'RUN is missing: name an OrchestrationRun'],
  [['status', ''], 'RUN is empty: name an OrchestrationRun'],
  [['run', ''], 'ORCHESTRATION is empty: name an Orchestration'],
  [['run', 'x', 'y'], 'the argument "y" is unexpected'],
  [['watch', 'x', '..'], `RUN is ".."; expected ${RUN}`],
  [['cancel', 'a/b'], `RUN is "a/b"; expected ${RUN}`],
  [['status', 'orchestration/b'], `RUN is "orchestration/b"; expected ${RUN}`],
  [['status', '-n', '', 'x'], '-n is empty; give it a value, or leave it out'],
  [['status', '-n', 'a/b', 'x'], `-n is "a/b"; expected ${NAME}`],
  [['status', '-n', 'ci', '-n', 'ci', 'x'], '--namespace is given more than once'],
  [['status', '--kubeconfig', '', 'x'], '--kubeconfig is empty; give it a value, or leave it out'],
  [['status', '--context=', 'x'], '--context is empty; give it a value, or leave it out'],
  [['run', 'x', '--name='], '--name is empty; give it a value, or leave it out'],
  [['run', 'x', '-p', 'a=1', '-p', 'a=2'], '--parameter gives "a" more than once, as "1" and as "2"'],
  [['run', 'x', '--timeout', 'soon'], '--timeout is "soon"; expected a duration such as 90s, 10m or 1h30m'],
  [['plan', '-p', 'a', '--server', '-'], '-p is "a"; expected KEY=VALUE'],
  [['lint', '--server', '--server', '-'], '--server is given more than once'],
  [['lint', ''], 'FILE is empty: name a file, a folder, or - for standard input'],
  [['lint'], 'FILE is missing: name a file, a folder, or - for standard input'],
])('%j asks nobody, and ends with 2, a sentence and where to read on', async ([verb, ...args], complaint) => {
  const { code, stdout, stderr } = await startCommand(verb, args, { KUBECONFIG: await write(kubeconfig(NOWHERE)) })
    .ended;
  expect([code, stdout, stderr]).toEqual([2, '', `${verb}: ${complaint}\nSee orchestration-gate ${verb} --help.\n`]);
});

test('a kubeconfig that is no YAML is told in one line, with the place', async () => {
  const file = await write('clusters: [\n  a\n: b');
  const { code, stderr } = await startCommand('status', ['x'], { KUBECONFIG: file }).ended;
  expect([code, stderr]).toEqual([
    2,
    expect.stringMatching(/^status: the kubeconfig ".*" cannot be read: .+ at line 3, column 1\n$/),
  ]);
});

test('an API server that nobody reaches is told by its address', async () => {
  const { code, stderr } = await startCommand('status', ['x'], { KUBECONFIG: await write(kubeconfig(NOWHERE)) }).ended;
  expect([code, stderr]).toEqual([
    2,
    expect.stringMatching(/^status: cannot connect to the API server at https:\/\/127\.0\.0\.1:1: /),
  ]);
});

test.each<[what: string, kubeconfig: string, complaint: RegExp]>([
  ['is empty', '', /there is no context in .*: use a kubeconfig of a cluster/],
  ['has no context', 'kind: Config\n', /there is no context in .*: use a kubeconfig of a cluster/],
  ['has a server that is no URL', kubeconfig('nowhere'), /nowhere/],
])('a kubeconfig that %s ends with 2 and one line', async (_, text, complaint) => {
  const { code, stderr } = await startCommand('status', ['x'], { KUBECONFIG: await write(text) }).ended;
  expect([code, stderr.trimEnd().split('\n').length]).toEqual([2, 1]);
  expect(stderr).toMatch(complaint);
});

test('lint --server of an object without a name is told what the API server says of it', async () => {
  const failure = Object.assign(new Error('name is required'), {
    reason: 'Invalid',
    causes: [{ reason: 'FieldValueRequired', field: 'metadata.name', message: 'Required value: name is required' }],
    isOutcomeUnknown: false,
  });
  const cluster = { create: () => Promise.reject(failure), isDenial: () => true } as unknown as Cluster;
  for (const metadata of ['', 'metadata:\n', 'metadata: {}\n', 'metadata: { name: "" }\n']) {
    const text = `apiVersion: orchestration.proompteng.ai/v1alpha1\nkind: Orchestration\n${metadata}spec: { steps: [] }\n`;
    const ports = portsOf({
      readSources: () => Promise.resolve({ sources: [{ file: 'a.yaml', text }], mistakes: [] }),
      withCluster: (_, use) => use(cluster),
    });
    const { exitCode, stdout } = await lint.execute(['--server', '-o', 'json', 'a.yaml'], ports);
    expect([exitCode, JSON.parse(stdout)]).toMatchObject([
      1,
      [{ code: 'FieldValueRequired', field: 'metadata.name', message: 'Required value: name is required' }],
    ]);
  }
});
