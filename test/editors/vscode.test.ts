import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempDisposable, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { expect, onTestFinished, test } from 'vitest';
import { connectEditor } from '../support/editor.ts';

interface Manifest {
  readonly main: string;
  readonly engines: { readonly vscode: string };
  readonly activationEvents: readonly string[];
  readonly contributes: { readonly configuration: { readonly properties: Record<string, { scope: string }> } };
  readonly dependencies?: object;
  readonly devDependencies: Readonly<Record<string, string>>;
}

const manifest = JSON.parse(await readFile('editors/vscode/package.json', 'utf8')) as Manifest;
const source = await readFile('editors/vscode/src/extension.ts', 'utf8');

test('the extension starts with a YAML file, and serves the language that it starts with', () => {
  expect(manifest.activationEvents).toEqual(['onLanguage:yaml']);
  expect(source).toContain("documentSelector: [{ language: 'yaml' }]");
});

test('the extension reads exactly the settings that it declares, and no workspace can name the command', () => {
  const [, section = ''] = /getConfiguration\('(\w+)'\)/.exec(source) ?? [];
  const settings = [...source.matchAll(/\.get<\w+>\('(\w+)'/g)].map(([, name]) => `${section}.${name}`);
  const { properties } = manifest.contributes.configuration;
  expect(settings).toEqual(Object.keys(properties));
  expect(properties['orchestrationGate.command']?.scope).toBe('machine');
});

test('the extension asks for the VS Code whose types it is checked against, and installs no dependency', () => {
  expect(manifest.engines.vscode).toBe(`^${manifest.devDependencies['@types/vscode']}`);
  expect(manifest.dependencies).toBeUndefined();
  for (const version of Object.values(manifest.devDependencies)) expect(version).toMatch(/^\d+\.\d+\.\d+$/);
  expect(manifest.main).toBe('./dist/extension.cjs');
});

test('the server that the extension contains works as one file, away from the packages', async () => {
  const folder = await mkdtempDisposable(join(tmpdir(), 'vscode-'));
  onTestFinished(() => folder.remove());
  const outfile = join(folder.path, 'server.cjs');
  const entryPoints = ['editors/vscode/src/server.ts'];
  await build({ entryPoints, outfile, bundle: true, platform: 'node', format: 'cjs', target: 'node22' });
  const child = spawn(process.execPath, [outfile, '--stdio'], { cwd: folder.path, stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(async () => {
    if (child.exitCode !== null) return;
    child.kill();
    await once(child, 'exit');
  });
  const editor = await connectEditor(child);
  const text = editor.open(await readFile('examples/rejected/missing-dependency.yaml', 'utf8'));
  expect((await text.diagnostics()).map(({ code }) => code)).toContain('MissingDependency');
  expect(await editor.end()).toBe(0);
});
