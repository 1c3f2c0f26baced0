import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isMap, type Pair, parseDocument, type Scalar, type YAMLMap } from 'yaml';
import { findDrift, type GeneratedFile } from './drift.ts';

const CHART = 'charts/orchestration-gate';
const TABLE = /(?<=<!-- values -->\n)[\s\S]*(?=<!-- \/values -->)/;

/** A value of the chart: its path with dots, its default as JSON, and what its comment says. */
interface ChartValue {
  readonly path: string;
  readonly fallback: string;
  readonly comment: string;
}

/** What of the README of the gate's chart is not as its values.yaml says; values without a comment are mistakes too. */
export async function checkChartReadme(root: string): Promise<readonly string[]> {
  const { file, mistakes } = await renderReadme(root);
  return [...mistakes, ...(await findDrift(root, [file], 'make generate'))];
}

/** Writes the table of values into the README of the gate's chart; returns what is wrong with the values. */
export async function writeChartReadme(root: string): Promise<readonly string[]> {
  const { file, mistakes } = await renderReadme(root);
  await writeFile(join(root, file.path), file.content);
  return mistakes;
}

async function renderReadme(root: string): Promise<{ file: GeneratedFile; mistakes: string[] }> {
  const values = readValues(await readFile(join(root, CHART, 'values.yaml'), 'utf8'));
  const path = `${CHART}/README.md`;
  const readme = await readFile(join(root, path), 'utf8');
  if (!TABLE.test(readme)) throw new Error(`${path} has no place for the values: <!-- values --> and <!-- /values -->`);
  const rows = values.map((value) => `| \`${value.path}\` | \`${value.fallback}\` | ${value.comment} |\n`);
  const table = ['| value | default | |\n|---|---|---|\n', ...rows].join('');
  const mistakes = values
    .filter(({ comment }) => comment === '')
    .map((value) => `${CHART}/values.yaml: ${value.path} has no comment that says what it is for`);
  return { file: { path, content: readme.replace(TABLE, () => table) }, mistakes };
}

/** In the order of the file. A map whose keys have no comments of their own is one value. */
export function readValues(text: string): readonly ChartValue[] {
  return readMap(parseDocument(text).contents as YAMLMap, []);
}

type Entry = Pair<Scalar<string>, unknown>;

function readMap(map: YAMLMap, path: readonly string[]): ChartValue[] {
  return (map.items as Entry[]).flatMap((entry, index): ChartValue[] => {
    const { key, value } = entry;
    const here = [...path, key.value];
    // The parser takes a comment before the first key of a map for one of the map.
    const comment = toLine(key.commentBefore ?? (index === 0 ? map.commentBefore : undefined));
    if (isMap(value) && value.items.length > 0 && (comment === '' || hasComments(value))) return readMap(value, here);
    const fallback = JSON.stringify(isMap(value) ? value.toJSON() : (value as { toJSON(): unknown }).toJSON());
    return [{ path: here.join('.'), fallback, comment }];
  });
}

function hasComments(map: YAMLMap): boolean {
  return map.commentBefore != null || (map.items as Entry[]).some(({ key }) => key.commentBefore != null);
}

/** As a cell of a table. */
function toLine(comment: string | null | undefined): string {
  return (comment ?? '').replaceAll(/\s+/g, ' ').replaceAll('|', '\\|').trim();
}
