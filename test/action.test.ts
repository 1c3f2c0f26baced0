import { execFile } from 'node:child_process';
import { mkdtempDisposable, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { orchestration } from './cli/run-command.ts';
import { installProgram } from './support/page-commands.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..');

/** Makes a repository with two commits, and returns what the script writes about their difference. */
async function describe(before: Record<string, string>, after: Record<string, string>): Promise<string> {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'orchestration-gate-'));
  const bin = join(folder.path, 'bin');
  await installProgram(bin);
  const cwd = join(folder.path, 'repository');
  const git = (...words: string[]) =>
    run('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.org', ...words], { cwd });
  await run('git', ['init', '--quiet', cwd]);
  for (const files of [before, after]) {
    for (const [name, content] of Object.entries(files)) await writeFile(join(cwd, name), content);
    await git('add', '--all');
    await git('commit', '--quiet', '--message', 'a change');
  }
  const script = join(root, '.github/action/describe-graphs.sh');
  const env = { ...process.env, PATH: `${bin}:${process.env['PATH']}` };
  return (await run(script, ['HEAD~1', 'HEAD'], { cwd, env })).stdout;
}

test('the comment of the action shows what changes in a graph, and the graph after the change', async () => {
  const steps = ['{ name: build, kind: Checkpoint }', '{ name: test, kind: Checkpoint, dependsOn: [build] }'];
  const comment = await describe(
    { 'release.yaml': orchestration('release', ...steps), 'values.yaml': 'a: 1\n' },
    {
      'release.yaml': orchestration('release', ...steps, '{ name: ship, kind: Checkpoint, dependsOn: [test] }'),
      'values.yaml': 'a: 2\n',
    },
  );
  expect(comment).toContain('### `release.yaml`');
  expect(comment).toContain('\n+- ship (Checkpoint) after test\n');
  expect(comment).toContain('```mermaid\nflowchart TB');
  expect(comment).not.toContain('values.yaml');
});

test('the comment of the action is empty if no graph changes', async () => {
  const manifest = orchestration('release', '{ name: build, kind: Checkpoint }');
  expect(await describe({ 'release.yaml': manifest }, { 'release.yaml': `# why\n${manifest}` })).toBe('');
});

test('the action passes each of its inputs on', async () => {
  const text = await readFile(join(root, 'action.yml'), 'utf8');
  const { inputs } = parse(text) as { inputs: object };
  for (const name of Object.keys(inputs)) expect(text).toContain(`inputs.${name} `);
});
