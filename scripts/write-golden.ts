// Rewrites the results that tests expect from examples (rejected, warned) and from the presets of the gate's chart.
import { join } from 'node:path';
import { readSettings } from '../test/support/controlplane/settings.ts';
import { resolveTools } from '../test/support/controlplane/tools.ts';
import { writeChartGoldens } from './chart-goldens.ts';
import { writeGoldens } from './examples.ts';

const root = join(import.meta.dirname, '..');
await writeGoldens(root);
const { helm } = await resolveTools(readSettings(process.env));
await writeChartGoldens(root, helm);
