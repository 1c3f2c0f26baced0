// Bundles the extension for VS Code with the language server, and packages it into dist/orchestration-gate-VERSION.vsix.
import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { unzipSync } from 'fflate';

const root = join(import.meta.dirname, '..');
const source = join(root, 'editors/vscode');
const stage = join(root, 'dist/vscode');
/** All files that the package must hold. vsce adds the first two. */
const wanted = [
  '[Content_Types].xml',
  'extension.vsixmanifest',
  'extension/LICENSE.txt',
  'extension/dist/extension.cjs',
  'extension/dist/server.cjs',
  'extension/package.json',
  'extension/readme.md',
];

const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
await rm(stage, { recursive: true, force: true });
await mkdir(stage, { recursive: true });
await build({
  entryPoints: { extension: join(source, 'src/extension.ts'), server: join(source, 'src/server.ts') },
  outdir: join(stage, 'dist'),
  outExtension: { '.js': '.cjs' },
  bundle: true,
  minify: true,
  platform: 'node',
  format: 'cjs',
  target: 'node22',
  external: ['vscode'],
  logLevel: 'warning',
});
const { devDependencies: _, ...manifest } = JSON.parse(
  await readFile(join(source, 'package.json'), 'utf8'),
) as object & {
  devDependencies: object;
};
await writeFile(join(stage, 'package.json'), `${JSON.stringify({ ...manifest, version }, null, 2)}\n`);
await cp(join(source, 'README.md'), join(stage, 'README.md'));
await cp(join(root, 'LICENSE'), join(stage, 'LICENSE'));

const file = join(root, `dist/orchestration-gate-${version}.vsix`);
const flags = ['--no-dependencies', '--allow-missing-repository', '--no-rewrite-relative-links', '--out', file];
await promisify(execFile)(join(source, 'node_modules/.bin/vsce'), ['package', ...flags], {
  cwd: stage,
  env: { ...process.env, SOURCE_DATE_EPOCH: process.env['SOURCE_DATE_EPOCH'] ?? '0' },
});
const found = Object.keys(unzipSync(await readFile(file))).sort();
if (found.join() !== wanted.join())
  throw new Error(`${file} holds ${found.join(', ')}, and should hold ${wanted.join(', ')}`);
console.log(`${file}: ${Math.round((await stat(file)).size / 1024)} KiB`);
