// Writes the CRDs into their chart; with --check writes nothing, and fails where they differ.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { checkCrdChart, writeCrdChart } from './crd-chart.ts';

const root = join(import.meta.dirname, '..');
const { check } = parseArgs({ options: { check: { type: 'boolean', default: false } } }).values;
const mistakes = await (check ? checkCrdChart(root) : writeCrdChart(root));
for (const mistake of mistakes) console.error(mistake);
process.exitCode = mistakes.length > 0 ? 1 : 0;
