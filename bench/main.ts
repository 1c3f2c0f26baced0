import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { writeScalingPage } from '../scripts/scaling-page.ts';
import { benchDecide } from './decide.ts';
import { benchGate } from './gate.ts';
import { buildGoPeer, type GoPeer } from './peers/go.ts';
import { benchReconciler } from './reconciler.ts';
import { formatReport, type Results } from './report.ts';
import { formatTable, verdictOf } from './table.ts';
import type { Effort, Section } from './turns.ts';

const sections = new Map<string, (tekton: GoPeer | undefined, effort: Effort) => Promise<Section>>([
  ['decide', benchDecide],
  ['gate', (_, effort) => benchGate(effort)],
  ['reconciler', (_, effort) => benchReconciler(effort)],
]);
const { values, positionals } = parseArgs({ allowPositionals: true, options: { quick: { type: 'boolean' } } });
if (positionals.some((name) => !sections.has(name))) {
  console.error(`usage: node bench/main.ts [--quick] [${[...sections.keys()].join(' | ')}]...`);
  process.exit(2);
}

const effort = values.quick ? { rounds: 2, milliseconds: 10 } : { rounds: 9, milliseconds: 200 };
const named = [...sections].filter(([name]) => positionals.length === 0 || positionals.includes(name));
using tekton = named.some(([name]) => name === 'decide') ? buildGoPeer('tekton') : undefined;
const measured: Section[] = [];
for (const [, measure] of named) measured.push(await measure(tekton, effort));
const rows = measured.flatMap((section) => section.rows);
const counts = Object.entries(Object.groupBy(rows, verdictOf)).map(([verdict, those]) => `${those.length} ${verdict}`);
const notes = measured.flatMap((section) => section.notes);
console.log(`${formatTable(rows)}\n\n${counts.join(', ')}\n\n${notes.join('\n')}\n`);

if (values.quick || measured.length < sections.size) {
  console.log('No file was written: that takes all sections, without --quick, whose numbers are no result.');
} else {
  const machine = {
    cpu: cpus()[0]?.model ?? 'unknown processor',
    cores: cpus().length,
    node: process.version,
    go: tekton?.goVersion ?? 'no Go',
  };
  const date = new Date().toISOString().slice(0, 10);
  const results: Results = { date, machine, ...effort, rows, notes };
  writeFileSync(join(import.meta.dirname, 'results.json'), `${JSON.stringify(results, undefined, 2)}\n`);
  const docs = join(import.meta.dirname, '../docs');
  mkdirSync(docs, { recursive: true });
  writeFileSync(join(docs, 'benchmarks.md'), formatReport(results));
  await writeScalingPage(join(docs, '..'));
}
if (!values.quick && rows.some((row) => verdictOf(row) === 'NOT HELD')) process.exitCode = 1;
