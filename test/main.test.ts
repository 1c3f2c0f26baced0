import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempDisposable, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { orchestration } from './cli/run-command.ts';
import { MAIN, startCli } from './support/cli.ts';

const denied = orchestration('denied', '{ name: a, kind: Checkpoint, dependsOn: [b] }');

test('lints files, folders and standard input', async () => {
  const folder = await makeFolder({ 'a.yaml': orchestration('a', '{ name: a, kind: Checkpoint }'), 'b.yml': denied });
  const { code, stdout, stderr } = await start(['lint', '--format=json', folder, '-'], denied);
  const files = (JSON.parse(stdout) as { file: string }[]).map(({ file }) => file);
  expect({ code, files, stderr }).toEqual({ code: 1, files: [join(folder, 'b.yml'), 'stdin'], stderr: '' });
});

test('ends with 0 where nothing is wrong, in plain text where nobody sees colours', async () => {
  expect(await start(['lint', '-'], orchestration('a', '{ name: a, kind: Checkpoint }'))).toEqual({
    code: 0,
    stdout: 'no problems in 1 object\n',
    stderr: '',
  });
});

test('draws a graph', async () => {
  const { code, stdout } = await start(['graph', '--format', 'svg', '-'], denied);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^<svg /);
});

test('says which Node it needs, whatever it is asked', async () => {
  const pretend = "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } })";
  const child = spawn(process.execPath, ['--import', `data:text/javascript,${pretend}`, MAIN, 'lint', '-']);
  const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  expect(code).toBe(2);
  expect(stderr).toMatch(/^orchestration-gate: this needs Node 22\.19 or newer, and .+ is 20\.20\.2\n$/);
});

test('makes certificates', async () => {
  const folder = await makeFolder({});
  const { code, stdout } = await start(['certs', '--out', folder]);
  expect(code).toBe(0);
  expect(stdout).toContain('localhost');
  expect(await readFile(join(folder, 'tls.crt'), 'utf8')).toContain('BEGIN CERTIFICATE');
});

test('keeps its exit code, and its peace, when nobody reads on', async () => {
  // More output than a pipe holds, so that most of it is written to a closed pipe.
  const steps = Array.from({ length: 2000 }, (_, index) => `{ name: s${index}, kind: Checkpoint, dependsOn: [gone] }`);
  const child = spawn(process.execPath, [MAIN, 'lint', '-'], { stdio: 'pipe' });
  const ended = once(child, 'close');
  const stderr = text(child.stderr);
  child.stdin.end(
    `${orchestration('many', ...steps.slice(0, 1000))}---\n${orchestration('more', ...steps.slice(1000))}`,
  );
  await once(child.stdout, 'data');
  child.stdout.destroy();
  expect([...(await ended), await stderr]).toEqual([1, null, '']);
});

test('without a word it shows what there is, and ends with 2', async () => {
  expect(await start([])).toEqual({
    code: 2,
    stdout: '',
    stderr: expect.stringMatching(/^usage: orchestration-gate COMMAND /),
  });
});

test('completes exactly the commands that its help lists', async () => {
  const [help, completion] = await Promise.all([start(['help']), start(['completion', 'bash'])]);
  const listed = [...help.stdout.matchAll(/^ {2}(\w+) {2,}[A-Z]/gm)].map(([, verb]) => verb);
  expect(listed.length).toBeGreaterThan(10);
  expect(completion.stdout).toContain(`-W '${[...listed, 'help', 'version'].join(' ')}'`);
});

test('every command shows its help, and ends with 0', async () => {
  const { stdout: help } = await start(['--help']);
  const verbs = [...help.matchAll(/^ {2}(\w+) {2,}[A-Z]/gm)].map(([, verb = '']) => verb);
  const shown = await Promise.all(verbs.map((verb) => start([verb, '--help'])));
  expect(shown.map(({ code, stderr, stdout }) => [code, stderr, stdout.split(' ').slice(0, 3).join(' ')])).toEqual(
    verbs.map((verb) => [0, '', expect.stringMatching(new RegExp(`^usage: orchestration-gate ${verb}\\b`))]),
  );
});

function start(args: readonly string[], input = '') {
  return startCli(args, { input }).ended;
}

async function makeFolder(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtempDisposable(join(tmpdir(), 'main-'));
  onTestFinished(() => folder.remove());
  for (const [file, content] of Object.entries(files)) await writeFile(join(folder.path, file), content);
  return folder.path;
}
