import { isCollection, isScalar } from 'yaml';
import { rangeOf } from '../cli/files/nodes.ts';
import { cutDocuments } from '../cli/files/pieces.ts';
import { nameOf } from '../orchestration/decode.ts';
import { stepFields } from '../orchestration/fields.ts';
import type { JsonSchema } from '../orchestration/json-schema.ts';
import { stepKinds } from '../orchestration/kinds/table.ts';
import type { Path } from '../orchestration/problem.ts';
import { findAncestry } from './ancestry.ts';
import { type Edit, writeScalar } from './edits.ts';
import { completeExpression } from './expression-completion.ts';
import { valueIn } from './expression-fixes.ts';
import { schemaAt, valuesOf } from './field-schemas.ts';
import { isOurs, orchestrationOf, type Reading, readText } from './reading.ts';
import { findSpot, holds, type Part, type SpotOfObject, shift } from './spot.ts';

/** One thing that can be written at a cursor. */
export interface Suggestion extends Edit {
  readonly label: string;
  readonly type: 'Step' | 'Field' | 'Value' | 'Variable' | 'Function';
  readonly detail?: string;
  readonly documentation?: string;
  /** Other changes that belong to it, elsewhere in the text. */
  readonly more?: readonly Edit[];
}

/** A cursor in a text. */
interface Cursor {
  readonly text: string;
  readonly offset: number;
  /** The line up to the cursor. */
  readonly before: string;
}

/** The start of a key or of an entry, with nothing before it in its line but dashes. */
const KEY_START = /^\s*(?:- +)*["']?[\w-]*$/;

/**
 * Lists what can be written at an offset of a text, the best first. Reads a word that may begin a key as a key, even
 * though its colon is not there yet. Cost: at most that of reading the document once more.
 */
export function complete(reading: Reading, text: string, offset: number): readonly Suggestion[] {
  const before = text.slice(text.lastIndexOf('\n', offset - 1) + 1, offset);
  const [after = ''] = /^[^\r\n]*/.exec(text.slice(offset, offset + 1000)) ?? [];
  const cursor = { text, offset, before };
  const keys = KEY_START.test(before) && after.trim() === '' ? completeNewKey(cursor) : [];
  const spot = keys.length > 0 ? undefined : findSpot(reading, offset);
  return spot === undefined ? keys : completeSpot(reading, spot, cursor);
}

/** Completes a key whose colon is not there yet. */
function completeNewKey({ text, offset, before }: Cursor): readonly Suggestion[] {
  const piece = cutDocuments(text).findLast(({ start }) => start <= offset);
  if (piece === undefined || !isOurs(piece.text)) return [];
  const word = wordBefore(before);
  const at = offset - piece.start;
  const patched = `${piece.text.slice(0, at)}${word === '' ? 'x:' : ':'}${piece.text.slice(at)}`;
  const spot = findSpot(readText('', patched), at);
  return spot?.type === 'Key' ? completeKeys(spot, { start: offset - word.length, end: offset }, ': ') : [];
}

/** The word that ends a line. A dash alone begins an entry of a list. */
function wordBefore(before: string): string {
  const [word = ''] = /[\w.-]*$/.exec(before) ?? [];
  return /^-+$/.test(word) ? '' : word;
}

function completeSpot(reading: Reading, spot: SpotOfObject, cursor: Cursor): readonly Suggestion[] {
  const { object, path, type, node } = spot;
  const isBehind = node === undefined && typeof path.at(-1) === 'string';
  if (isBehind || isCollection(node)) return [];
  if (type === 'Key') {
    const part = shift(rangeOf(node), object.tree);
    return completeKeys(spot, part, /^["']?\s*:/.test(cursor.text.slice(part.end)) ? '' : ': ');
  }
  const expression = completeExpression(spot, cursor);
  if (expression !== undefined) return expression;
  const part = partOfWord(spot, cursor);
  const named = completeNames(reading, spot, part);
  if (named.length > 0) return named;
  const schema = schemaAt(object.kind, path);
  if (schema?.properties !== undefined && KEY_START.test(cursor.before))
    return completeKeys({ ...spot, path: [...path, ''] }, part, ': ');
  return schema === undefined ? [] : completeValues(path, schema, part);
}

/** The scalar that the cursor is in, or else the word before the cursor. */
function partOfWord({ node, object }: SpotOfObject, { before, offset }: Cursor): Part {
  const part = shift(rangeOf(node), object.tree);
  if (isScalar(node) && part.end > part.start && holds(part, offset)) return part;
  return { start: offset - wordBefore(before).length, end: offset };
}

/** Suggests the fields that the object does not have yet. For a step, suggests only those that its kind reads. */
function completeKeys({ object, path }: SpotOfObject, part: Part, suffix: string): readonly Suggestion[] {
  const parent = path.slice(0, -1);
  const schema = schemaAt(object.kind, parent);
  const there = valueIn(object.value, parent) as Readonly<Record<string, unknown>> | null | undefined;
  const current = path.at(-1);
  const isStep = parent.length === 3 && parent[1] === 'steps';
  const kind = isStep ? stepKinds.get(String(there?.['kind'])) : undefined;
  const isRead = (name: string) =>
    kind === undefined || Object.hasOwn(stepFields, name) || Object.hasOwn(kind.fields, name);
  return Object.entries(schema?.properties ?? {})
    .filter(([name]) => isRead(name) && (name === current || typeof there !== 'object' || there?.[name] === undefined))
    .map(([name, { description }]) => ({
      label: name,
      type: 'Field',
      ...part,
      text: `${name}${suffix}`,
      ...(description !== undefined && { documentation: description }),
    }));
}

function completeValues(path: Path, schema: JsonSchema, part: Part): readonly Suggestion[] {
  const values = schema.type === 'boolean' ? ['true', 'false'] : valuesOf(schema);
  const isKind = path[1] === 'steps' && path.at(-1) === 'kind';
  return values.map((value) => {
    const does = isKind ? stepKinds.get(value)?.does : undefined;
    return { label: value, type: 'Value', ...part, text: value, ...(does !== undefined && { detail: does }) };
  });
}

/** Suggests the names of steps and Orchestrations, if one can be written here. */
function completeNames({ objects }: Reading, spot: SpotOfObject, part: Part): readonly Suggestion[] {
  const { object, path } = spot;
  const [, list, index, field] = path;
  if (path.at(-1) === 'name' && path.at(-2) === 'orchestrationRef') {
    const names = objects.flatMap(({ kind, value }) => (kind === 'Orchestration' ? [nameOf(value).name] : []));
    return names.filter((name) => name !== nameOf(object.value).name).map((name) => suggestName(name, part));
  }
  const steps = orchestrationOf(object)?.steps ?? [];
  if (list === 'entrypoint') return steps.map(({ name, kind }) => suggestName(name, part, kind));
  if (list !== 'steps' || typeof index !== 'number' || field !== 'dependsOn') return [];
  const step = steps[index] ?? { name: '', kind: '' };
  const { dependsOn = [] } = step;
  const current = isScalar(spot.node) ? spot.node.value : undefined;
  // The step is about to declare dependsOn, whatever it declares now.
  const { ancestors, candidates } = findAncestry(steps.with(index, { ...step, dependsOn }), index);
  return steps.flatMap(({ name, kind }, at) => {
    const isListed = dependsOn.includes(name) && name !== current;
    if (name === '' || isListed || !(ancestors.has(at) || candidates.has(at))) return [];
    const suggestion = suggestName(name, part, kind);
    return path.length === 5 ? [suggestion] : [{ ...suggestion, text: `[${suggestion.text}]` }];
  });
}

function suggestName(name: string, part: Part, detail?: string): Suggestion {
  return { label: name, type: 'Step', ...part, text: writeScalar(name), ...(detail !== undefined && { detail }) };
}
