// Writes what is made from other files: the CRDs and the JSON Schema for editors from the schema, the rights of the chart from the step kinds, the values in the
// chart's README from values.yaml, the reference of reasons from the vocabulary.
// With --check it writes nothing, and fails where they differ.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { checkChartReadme, writeChartReadme } from './chart-readme.ts';
import { checkCrdChart, writeCrdChart } from './crd-chart.ts';
import { checkJsonSchema, writeJsonSchema } from './json-schema.ts';
import { checkReasonsPage, writeReasonsPage } from './reasons-page.ts';
import { checkStepRules, writeStepRules } from './step-rules.ts';

const root = join(import.meta.dirname, '..');
const { check } = parseArgs({ options: { check: { type: 'boolean', default: false } } }).values;
const tasks = check
  ? [checkCrdChart, checkStepRules, checkChartReadme, checkReasonsPage, checkJsonSchema]
  : [writeCrdChart, writeStepRules, writeChartReadme, writeReasonsPage, writeJsonSchema];
for (const task of tasks) {
  const mistakes = await task(root);
  for (const mistake of mistakes) console.error(mistake);
  if (mistakes.length > 0) process.exitCode = 1;
}
