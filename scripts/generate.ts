// Writes what is made from other files: the CRDs and the JSON Schema for editors from the schema, the rights of the
// chart from the step kinds, the policy of the chart from the rules, the values in the chart's README and in the
// reference from values.yaml, the references of reasons and metrics from the code, those of step fields and policies
// from the schema, that of commands from what the program prints, the tables on scaling from bench/results.json and
// bench/scale/results.json, the pages of rights and alerts from the rendered chart, the version from package.json.
// With --check it writes nothing, and fails if a file differs.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { readSettings } from '../test/support/controlplane/settings.ts';
import { resolveTools } from '../test/support/controlplane/tools.ts';
import { checkAlertsPage, writeAlertsPage } from './alerts-page.ts';
import { checkChartValues, writeChartValues } from './chart-values.ts';
import { checkCommandsPage, writeCommandsPage } from './commands-page.ts';
import { checkCrdChart, writeCrdChart } from './crd-chart.ts';
import { checkFieldPages, writeFieldPages } from './field-pages.ts';
import { checkJsonSchema, writeJsonSchema } from './json-schema.ts';
import { checkMetricsPage, writeMetricsPage } from './metrics-page.ts';
import { checkPolicyTwin, writePolicyTwin } from './policy-twin.ts';
import { checkReasonsPage, writeReasonsPage } from './reasons-page.ts';
import { checkRightsPage, writeRightsPage } from './rights-page.ts';
import { checkScalingPage, writeScalingPage } from './scaling-page.ts';
import { checkStepRules, writeStepRules } from './step-rules.ts';
import { checkVersions, writeVersions } from './versions.ts';

const root = join(import.meta.dirname, '..');
const { check } = parseArgs({ options: { check: { type: 'boolean', default: false } } }).values;
const { helm } = await resolveTools(readSettings(process.env));
const checks = [
  checkVersions,
  checkCrdChart,
  checkJsonSchema,
  checkStepRules,
  checkPolicyTwin,
  checkChartValues,
  checkReasonsPage,
  checkFieldPages,
  checkCommandsPage,
  checkScalingPage,
  checkMetricsPage,
  (at: string) => checkRightsPage(at, helm),
  (at: string) => checkAlertsPage(at, helm),
];
const writes = [
  writeVersions,
  writeCrdChart,
  writeJsonSchema,
  writeStepRules,
  writePolicyTwin,
  writeChartValues,
  writeReasonsPage,
  writeFieldPages,
  writeCommandsPage,
  writeScalingPage,
  writeMetricsPage,
  (at: string) => writeRightsPage(at, helm),
  (at: string) => writeAlertsPage(at, helm),
];
for (const task of check ? checks : writes) {
  const mistakes = await task(root);
  for (const mistake of mistakes) console.error(mistake);
  if (mistakes.length > 0) process.exitCode = 1;
}
