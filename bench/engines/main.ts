// `make bench-engines`: compares our engine with the controllers of Argo Workflows and Tekton. Each has a control plane
// of its own, the same graphs, and the same stand-in that finishes children. It takes hours, and continues where it was
// stopped.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { argo } from './argo.ts';
import { measure, type Outcome } from './measure.ts';
import { ours } from './ours.ts';
import { plotEngines } from './plot.ts';
import { formatReport, formatTables } from './report.ts';
import type { Results } from './results.ts';
import { scenarios, shrink } from './scenarios.ts';
import { tekton } from './tekton.ts';

const engines = [ours, argo('documented'), argo('lifted'), tekton('documented'), tekton('lifted')];
const { values } = parseArgs({
  options: { quick: { type: 'boolean' }, fresh: { type: 'boolean' }, only: { type: 'string', multiple: true } },
});
const pairs = engines.flatMap((engine) => scenarios.map((scenario) => ({ engine, scenario })));
const isNamed = (engine: string, scenario: string) => (name: string) => {
  const [wantedEngine = '', wantedScenario = ''] = name.split('/');
  return (wantedEngine || engine) === engine && (wantedScenario || scenario) === scenario;
};
for (const name of values.only ?? []) {
  if (pairs.some(({ engine, scenario }) => isNamed(engine.id, scenario.id)(name))) continue;
  const [ids, names] = [engines, scenarios].map((all) => all.map(({ id }) => id).join(', '));
  console.error(
    `--only ${name}: nothing has that name. Engines: ${ids}. Scenarios: ${names}. Write ENGINE, /SCENARIO or both.`,
  );
  process.exit(2);
}
const chosen = pairs.filter(({ engine, scenario }) => values.only?.some(isNamed(engine.id, scenario.id)) ?? true);

const file = values.quick ? join(tmpdir(), 'bench-engines-quick.json') : join(import.meta.dirname, 'results.json');
const isChosen = ({ engine, scenario }: Outcome) =>
  chosen.some((pair) => pair.engine.id === engine && pair.scenario.id === scenario);
const known = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Results).outcomes : [];
const outcomes = known.filter((outcome) => !(values.fresh && isChosen(outcome)));
const results = (): Results => ({
  machine: { cpu: cpus()[0]?.model ?? 'unknown processor', cores: cpus().length, node: process.version },
  outcomes,
});

for (const [index, { engine, scenario }] of chosen.entries()) {
  const name = `[${index + 1}/${chosen.length}] ${engine.id}/${scenario.id}`;
  if (outcomes.some((outcome) => outcome.engine === engine.id && outcome.scenario === scenario.id)) {
    console.log(`${name}: measured before; --fresh measures again`);
    continue;
  }
  console.log(`${name}: begins`);
  const size = values.quick ? shrink(scenario) : scenario;
  outcomes.push(await measure(engine, size, (line) => console.log(`${name}: ${line}`)));
  writeFileSync(file, `${JSON.stringify(results(), undefined, 2)}\n`);
}

console.log(`\n${formatTables(results(), engines, scenarios)}\n\nRaw data: ${file}`);
if (values.quick) console.log('--quick makes a fiftieth of the runs: these numbers are no result.');
if (values.quick || outcomes.length < pairs.length) {
  console.log('docs/reference/engines.md was not written: that takes all engines and scenarios, without --quick.');
} else {
  const docs = join(import.meta.dirname, '../../docs');
  writeFileSync(join(docs, 'reference/engines.md'), formatReport(results(), engines, scenarios));
  writeFileSync(join(docs, 'images/engines.svg'), plotEngines(results(), engines, scenarios));
}
