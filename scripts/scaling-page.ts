import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Results } from '../bench/report.ts';
import type { Measured } from '../bench/scale/measure.ts';
import { rowsOf } from '../bench/scale/report.ts';
import { formatTable, round } from '../bench/table.ts';
import { findDrift, type GeneratedFile, writeGenerated } from './drift.ts';

const PATH = 'docs/explanation/scaling.md';
const SUBJECT = 'reconciler: ';

/** Returns a sentence if the page on scaling does not have the measured results. */
export async function checkScalingPage(root: string): Promise<readonly string[]> {
  return findDrift(root, [await renderScalingPage(root)], 'make generate');
}

/** Writes the results of `make bench` and `make bench-scale` into the page on scaling. Returns no mistakes. */
export async function writeScalingPage(root: string): Promise<readonly string[]> {
  return writeGenerated(root, [await renderScalingPage(root)]);
}

async function renderScalingPage(root: string): Promise<GeneratedFile> {
  const read = async (path: string) => JSON.parse(await readFile(join(root, path), 'utf8'));
  const tables = [
    ['bench', renderPoints(await read('bench/results.json'))],
    ['bench-scale', renderScale(await read('bench/scale/results.json'))],
  ] as const;
  const page = await readFile(join(root, PATH), 'utf8');
  return { path: PATH, content: tables.reduce((text, [target, table]) => fill(text, target, table), page) };
}

function renderPoints(results: Results): string {
  const rows = Object.values(results).flatMap(({ date, rows }) => rows.map((row) => ({ ...row, date })));
  const cells = rows
    .filter(({ what }) => what.startsWith(SUBJECT))
    .map(({ what, ours, unit, date }) => `| ${what.slice(SUBJECT.length)} | ${round(ours)} ${unit} | ${date} |\n`);
  return `| what | measured | on |\n|---|---|---|\n${cells.join('')}`;
}

function renderScale(measured: readonly Measured[]): string {
  return `${formatTable(rowsOf(measured))}\n`;
}

/** Replaces the text between the marks of a target of make. */
function fill(page: string, target: string, table: string): string {
  const [begin, end] = [`<!-- make ${target} -->\n`, `<!-- /make ${target} -->`];
  const from = page.indexOf(begin) + begin.length;
  const to = page.indexOf(end);
  if (from < begin.length || to < from) throw new Error(`${PATH} has no place for results: ${begin.trim()} and ${end}`);
  return `${page.slice(0, from)}${table}${page.slice(to)}`;
}
