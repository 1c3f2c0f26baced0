import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { writeScalingPage } from '../scripts/scaling-page.ts';
import { benchCli } from './cli.ts';
import { benchDecide } from './decide.ts';
import { benchGate } from './gate.ts';
import { buildGoPeer, type GoPeer } from './peers/go.ts';
import { benchCrowd, benchKept, benchReconciler } from './reconciler.ts';
import { formatReport, type Measured, type Results } from './report.ts';
import { formatTable, verdictOf } from './table.ts';
import type { Effort, Section } from './turns.ts';

interface Bench {
  readonly title: string;
  readonly measure: (effort: Effort, tekton: GoPeer | undefined) => Promise<Section>;
}

/** The sections, in the order of the page. */
const sections = new Map<string, Bench>([
  ['decide', { title: 'Decisions', measure: (effort, tekton) => benchDecide(tekton, effort) }],
  ['gate', { title: 'The gate', measure: benchGate }],
  ['reconciler', { title: 'The reconciler', measure: benchReconciler }],
  ['crowd', { title: '5,000 live runs', measure: benchCrowd }],
  ['kept', { title: 'Finished runs', measure: benchKept }],
  ['cli', { title: 'The start of the command line', measure: benchCli }],
]);
const { values, positionals } = parseArgs({ allowPositionals: true, options: { quick: { type: 'boolean' } } });
if (positionals.some((name) => !sections.has(name))) {
  console.error(`usage: node bench/main.ts [--quick] [${[...sections.keys()].join(' | ')}]...`);
  process.exit(2);
}

const effort = values.quick ? { rounds: 2, milliseconds: 10 } : { rounds: 9, milliseconds: 200 };
const named = [...sections].filter(([name]) => positionals.length === 0 || positionals.includes(name));
using tekton = buildGoPeer('tekton');
for (const [name, { title, measure }] of named) {
  console.log(`\n${title}\n`);
  const { rows, notes } = await measure(effort, tekton);
  const counts = Object.entries(Object.groupBy(rows, verdictOf)).map(
    ([verdict, those]) => `${those.length} ${verdict}`,
  );
  console.log(`${formatTable(rows)}\n\n${counts.join(', ')}\n\n${notes.join('\n')}`);
  if (values.quick) continue;
  await keep(name, {
    title,
    date: new Date().toISOString().slice(0, 10),
    machine: describeMachine(),
    ...effort,
    rows,
    notes,
  });
  if (rows.some((row) => verdictOf(row) === 'NOT HELD')) process.exitCode = 1;
}
if (values.quick) console.log('\nNo file was written: the numbers of --quick are no result.');

/** Adds the results of a section to those of the others, so that an interrupted run loses only one section. */
async function keep(name: string, measured: Measured): Promise<void> {
  const root = join(import.meta.dirname, '..');
  const file = join(root, 'bench/results.json');
  const kept: Results = { ...JSON.parse(readFileSync(file, 'utf8')), [name]: measured };
  const results = Object.fromEntries([...sections.keys()].flatMap((one) => (kept[one] ? [[one, kept[one]]] : [])));
  writeFileSync(file, `${JSON.stringify(results, undefined, 2)}\n`);
  writeFileSync(join(root, 'docs/reference/benchmarks.md'), formatReport(results));
  await writeScalingPage(root);
}

function describeMachine(): Measured['machine'] {
  return {
    cpu: cpus()[0]?.model ?? 'unknown processor',
    cores: cpus().length,
    node: process.version,
    go: tekton?.goVersion ?? 'no Go',
  };
}
