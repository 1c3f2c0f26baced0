import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { startCli } from './support/cli.ts';

interface Hook {
  readonly id: string;
  readonly entry: string;
  readonly language: string;
}

const root = join(import.meta.dirname, '..');

async function readHook(): Promise<Hook> {
  const hooks = parse(await readFile(join(root, '.pre-commit-hooks.yaml'), 'utf8')) as Hook[];
  expect(hooks).toHaveLength(1);
  return hooks[0] as Hook;
}

test('the pre-commit hook names a program that npm installs with this package', async () => {
  const { entry, language } = await readHook();
  const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  expect(language).toBe('node');
  expect(Object.keys(manifest.bin)).toContain(entry.split(' ')[0]);
  // If npm installs from a repository, it runs only this script. Without the script, it would install no program.
  expect(manifest.scripts.prepare).toContain('npm run build');
});

test('its entry, given files as pre-commit gives them, fails where one is broken and passes over what is not ours', async () => {
  const [, ...args] = (await readHook()).entry.split(' ');
  const fine = [join(root, 'examples/diamond.yaml'), join(root, 'package.json')];
  expect(await startCli([...args, ...fine]).ended).toMatchObject({ code: 0, stderr: '' });
  const broken = join(root, 'examples/rejected/dependency-cycle.yaml');
  expect(await startCli([...args, ...fine, broken]).ended).toMatchObject({ code: 1 });
});
