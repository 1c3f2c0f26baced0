import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startCommand } from '../../support/cli.ts';

/** Where nobody listens: port 1 is for a protocol that nobody speaks. */
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

test.each<[words: Words, complaint: string]>([
  [['status', ''], 'the name is empty'],
  [['run', ''], 'the name is empty'],
  [['watch', '..'], '".." is no name: it is . or .., or holds / or %'],
  [['cancel', 'a/b'], '"a/b" is no name: it is . or .., or holds / or %'],
  [['status', '-n', '', 'x'], '-n is empty; give it a value, or leave it out'],
  [['status', '-n', 'a/b', 'x'], '--namespace: "a/b" is no name: it is . or .., or holds / or %'],
  [['run', 'x', '--name='], '--name is empty; give it a value, or leave it out'],
  [['run', 'x', '-p', 'a=1', '-p', 'a=2'], '--parameter gives "a" twice, as "1" and as "2"'],
  [['plan', '-p', 'a', '--server', '-'], '--parameter is "a"; write KEY=VALUE'],
])('%j asks nobody, and ends with 2 and a sentence', async ([verb, ...args], complaint) => {
  const { code, stdout, stderr } = await startCommand(verb, args, { KUBECONFIG: await write(kubeconfig(NOWHERE)) })
    .ended;
  expect([code, stdout, stderr.split('\n')[0]]).toEqual([2, '', `${verb}: ${complaint}`]);
});

test('a kubeconfig that is no YAML is told in one line, with the place', async () => {
  const file = await write('clusters: [\n  a\n: b');
  const { code, stderr } = await startCommand('status', ['x'], { KUBECONFIG: file }).ended;
  expect([code, stderr]).toEqual([
    2,
    expect.stringMatching(/^status: the kubeconfig ".*" cannot be read: [\w ]+ \(3:1\)\n$/),
  ]);
});

test('an API server that nobody reaches is told by its address', async () => {
  const { code, stderr } = await startCommand('status', ['x'], { KUBECONFIG: await write(kubeconfig(NOWHERE)) }).ended;
  expect([code, stderr]).toEqual([
    2,
    expect.stringMatching(/^status: cannot connect to the API server at https:\/\/127\.0\.0\.1:1: /),
  ]);
});
