import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkVersions, writeVersions } from '../../scripts/versions.ts';
import { startCli } from '../support/cli.ts';
import { makeFolder } from '../support/folder.ts';

const root = join(import.meta.dirname, '../..');
const repeats = [
  'package-lock.json',
  'editors/vscode/package.json',
  'editors/vscode/package-lock.json',
  'charts/orchestration-gate-crds/Chart.yaml',
  'charts/orchestration-gate/Chart.yaml',
];

async function readVersion(): Promise<string> {
  return JSON.parse(await readFile(join(root, 'package.json'), 'utf8')).version;
}

test('the version of package.json stands in each lockfile, chart and extension, and on top of the changelog', async () => {
  expect(await checkVersions(root)).toEqual([]);
});

test('the program says the version of package.json', async () => {
  expect(await startCli(['--version']).ended).toMatchObject({ code: 0, stdout: `${await readVersion()}\n` });
});

test('each file that says another version is told, and generating mends all but the changelog', async () => {
  const copy = await makeFolder({});
  for (const path of ['package.json', 'CHANGELOG.md', ...repeats]) await cp(join(root, path), join(copy, path));
  const manifest = join(copy, 'package.json');
  await writeFile(manifest, (await readFile(manifest, 'utf8')).replace(await readVersion(), '9.8.7'));
  const changelog = `CHANGELOG.md: the newest entry is ${await readVersion()}, and package.json says 9.8.7: add an entry for it`;
  const drifts = repeats.map((path) => expect.stringMatching(`^${path}:\\d+ is not as generated: run make generate`));
  expect(await checkVersions(copy)).toEqual([...drifts, changelog]);
  expect(await writeVersions(copy)).toEqual([changelog]);
  expect(await checkVersions(copy)).toEqual([changelog]);
  for (const path of repeats) expect(await readFile(join(copy, path), 'utf8')).toContain('9.8.7');
});
