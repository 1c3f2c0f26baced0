// Checks what no compiler reads: the CRDs, the examples, the charts. Prints all mistakes, and fails if there is one.
import { join } from 'node:path';
import { readSettings } from '../test/support/controlplane/settings.ts';
import { resolveTools } from '../test/support/controlplane/tools.ts';
import { checkChartGoldens } from './chart-goldens.ts';
import { checkChartValues } from './chart-values.ts';
import { checkCharts } from './charts.ts';
import { checkCrdChart } from './crd-chart.ts';
import { checkExamples } from './examples.ts';
import { checkFieldPages } from './field-pages.ts';
import { checkJsonSchema } from './json-schema.ts';
import { checkPolicyTwin } from './policy-twin.ts';
import { checkRightsPage } from './rights-page.ts';
import { checkStepRules } from './step-rules.ts';
import { checkVersions } from './versions.ts';

const root = join(import.meta.dirname, '..');
const { helm } = await resolveTools(readSettings(process.env));
const checks = {
  'the version of package.json stands everywhere': () => checkVersions(root),
  'the CRDs are what the schema gives': () => checkCrdChart(root),
  'the JSON Schema for editors is what the schema gives': () => checkJsonSchema(root),
  'the references of step fields and policies are what the schema gives': () => checkFieldPages(root),
  'the chart grants what the step kinds need': () => checkStepRules(root),
  'the policy of the chart has the rules of the gate': () => checkPolicyTwin(root),
  'every example lints as it should': () => checkExamples(root),
  'every chart lints, and renders the same twice': () => checkCharts(root, helm),
  'each preset of the chart renders as expected': () => checkChartGoldens(root, helm),
  'the page of rights is as the chart renders them': () => checkRightsPage(root, helm),
  'the chart’s README and the reference have its values': () => checkChartValues(root),
};
for (const [claim, check] of Object.entries(checks)) {
  const mistakes = await check();
  console.log(`${mistakes.length === 0 ? 'ok    ' : 'FAILED'} ${claim}`);
  for (const mistake of mistakes) console.error(`\n${mistake}`);
  if (mistakes.length > 0) process.exitCode = 1;
}
