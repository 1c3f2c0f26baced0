import { isMap, isScalar, isSeq, type Node, type YAMLSeq } from 'yaml';
import { keyAt, rangeOf, valueAt } from '../cli/files/nodes.ts';
import type { Path } from '../orchestration/problem.ts';
import type { EditedObject } from './reading.ts';
import { type Part, shift } from './spot.ts';

/** A part of a text, and what to write in its place. */
export interface Edit extends Part {
  readonly text: string;
}

type Place = Pick<EditedObject, 'tree' | 'within'>;

/** Words that YAML 1.1 or 1.2 reads as a truth value or as nothing. */
const RESERVED = /^(?:true|false|yes|no|on|off|y|n|null)$/i;

/** A text as a scalar of YAML, in quotes if it needs some. */
export function writeScalar(text: string): string {
  return /^[A-Za-z][\w.-]*$/.test(text) && !RESERVED.test(text) ? text : JSON.stringify(text);
}

/** Writes another text in place of a scalar. */
export function replaceValue(place: Place, path: Path, text: string): readonly Edit[] {
  const node = valueAt(place.tree.root, [...place.within, ...path]);
  return isScalar(node) ? [{ ...shift(rangeOf(node), place.tree), text: writeScalar(text) }] : [];
}

/** Gives a field another name. */
export function renameKey(place: Place, path: Path, text: string): readonly Edit[] {
  const key = keyAt(place.tree.root, [...place.within, ...path]);
  return key === undefined ? [] : [{ ...shift(rangeOf(key), place.tree), text: writeScalar(text) }];
}

/** Puts a single name into a list of one. */
export function wrapInList(place: Place, path: Path): readonly Edit[] {
  const node = valueAt(place.tree.root, [...place.within, ...path]);
  if (!isScalar(node) || typeof node.value !== 'string' || node.type?.startsWith('BLOCK')) return [];
  return [{ ...shift(rangeOf(node), place.tree), text: `[${writeScalar(node.value)}]` }];
}

/** Removes an entry of a list. The list stays, with no entry if it was the last. */
export function removeEntry({ tree, within }: Place, path: Path): readonly Edit[] {
  const index = Number(path.at(-1));
  const list = valueAt(tree.root, [...within, ...path.slice(0, -1)]);
  if (!isSeq(list) || list.items[index] === undefined) return [];
  const part = list.flow === true ? findFlowEntry(list, index) : findBlockEntry(list, index, tree.source);
  return [{ ...shift(part, tree), text: list.items.length === 1 && list.flow !== true ? '[]' : '' }];
}

function findFlowEntry({ items }: YAMLSeq, index: number): Part {
  const { start, end } = rangeOf(items[index]);
  if (index > 0) return { start: rangeOf(items[index - 1]).end, end };
  return { start, end: items.length > 1 ? rangeOf(items[1]).start : end };
}

/** Returns the whole line of an entry. For the only entry, begins at its dash. */
function findBlockEntry({ items }: YAMLSeq, index: number, source: string): Part {
  const { start, end } = rangeOf(items[index]);
  if (items.length === 1) return { start: source.lastIndexOf('-', start), end };
  const next = source.indexOf('\n', end);
  return { start: startOfLine(source, start), end: next === -1 ? source.length : next + 1 };
}

/** Adds a name to `dependsOn` of a step. Returns no edits if the list is malformed. */
export function addDependency(place: Place, step: number, name: string): readonly Edit[] {
  const { tree, within } = place;
  const list = valueAt(tree.root, [...within, 'spec', 'steps', step, 'dependsOn']);
  if (list === undefined) return addField(place, step, `dependsOn: [${writeScalar(name)}]`);
  if (!isSeq(list)) return [];
  const last = list.items.at(-1);
  const insert = (at: number, text: string) => [{ ...shift({ start: at, end: at }, tree), text }];
  if (list.flow === true) {
    return last === undefined
      ? insert(rangeOf(list).start + 1, writeScalar(name))
      : insert(rangeOf(last).end, `, ${writeScalar(name)}`);
  }
  const { start, end } = rangeOf(last);
  const lead = tree.source.slice(startOfLine(tree.source, start), start);
  return /^\s*- +$/.test(lead) ? insert(end, `${newline(tree.source)}${lead}${writeScalar(name)}`) : [];
}

/** Adds a field to a step, after its name. `text` is the field with its value, on one line. */
export function addField({ tree, within }: Place, step: number, text: string): readonly Edit[] {
  const path: Path = [...within, 'spec', 'steps', step];
  const map = valueAt(tree.root, path);
  const name = valueAt(tree.root, [...path, 'name']);
  const key = keyAt(tree.root, [...path, 'name']);
  if (!isMap(map) || !isScalar(name) || key === undefined || name.type?.startsWith('BLOCK')) return [];
  const { source } = tree;
  const { end } = rangeOf(name);
  if (map.flow === true) return [{ ...shift({ start: end, end }, tree), text: `, ${text}` }];
  const at = endOfLine(source, end);
  const { start } = rangeOf(key as Node);
  const indent = ' '.repeat(start - startOfLine(source, start));
  return [{ ...shift({ start: at, end: at }, tree), text: `${newline(source)}${indent}${text}` }];
}

function startOfLine(source: string, offset: number): number {
  return source.lastIndexOf('\n', offset - 1) + 1;
}

function endOfLine(source: string, offset: number): number {
  const end = source.indexOf('\n', offset);
  if (end === -1) return source.length;
  return source[end - 1] === '\r' ? end - 1 : end;
}

function newline(source: string): string {
  return source.includes('\r\n') ? '\r\n' : '\n';
}
