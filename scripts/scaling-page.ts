import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Results } from '../bench/report.ts';
import { round } from '../bench/table.ts';
import { findDrift, type GeneratedFile, writeGenerated } from './drift.ts';

const PATH = 'docs/explanation/scaling.md';
const RESULTS = 'bench/results.json';
const TABLE = /(?<=<!-- measured -->\n)[\s\S]*(?=<!-- \/measured -->)/;
const SUBJECT = 'reconciler: ';

/** Whether the page on scaling has what `make bench` measured: a sentence if it does not. */
export async function checkScalingPage(root: string): Promise<readonly string[]> {
  return findDrift(root, [await renderScalingPage(root)], 'make generate');
}

/** Writes what `make bench` measured into the page on scaling. Returns no mistakes. */
export async function writeScalingPage(root: string): Promise<readonly string[]> {
  return writeGenerated(root, [await renderScalingPage(root)]);
}

async function renderScalingPage(root: string): Promise<GeneratedFile> {
  const page = await readFile(join(root, PATH), 'utf8');
  if (!TABLE.test(page))
    throw new Error(`${PATH} has no place for the results: <!-- measured --> and <!-- /measured -->`);
  const results = JSON.parse(await readFile(join(root, RESULTS), 'utf8')) as Results;
  const rows = Object.values(results).flatMap(({ date, rows }) => rows.map((row) => ({ ...row, date })));
  const cells = rows
    .filter(({ what }) => what.startsWith(SUBJECT))
    .map(({ what, ours, unit, date }) => `| ${what.slice(SUBJECT.length)} | ${round(ours)} ${unit} | ${date} |\n`);
  const content = `| what | measured | on |\n|---|---|---|\n${cells.join('')}`;
  return { path: PATH, content: page.replace(TABLE, () => content) };
}
