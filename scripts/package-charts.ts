// Packages every chart into dist/charts, as `helm push` and chart repositories take them.
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { readSettings } from '../test/support/controlplane/settings.ts';
import { resolveTools } from '../test/support/controlplane/tools.ts';
import { runHelm } from './charts.ts';

const root = join(import.meta.dirname, '..');
const { helm } = await resolveTools(readSettings(process.env));
const { output, isDone } = await runHelm(root, helm, [
  'package',
  ...globSync('charts/*/', { cwd: root }).sort(),
  '--destination',
  'dist/charts',
]);
process.stdout.write(output);
if (!isDone) process.exitCode = 1;
