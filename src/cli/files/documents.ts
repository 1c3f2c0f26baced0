import { type Document, isCollection, isNode, isScalar, LineCounter, type Node, parseAllDocuments, visit } from 'yaml';
import { displayText, quoteName } from '../../dag/display.ts';
import type { Span } from '../../expressions/mistake.ts';
import type { Path } from '../../orchestration/problem.ts';
import { conversion, dialect } from './dialect.ts';
import { findNode, startOf } from './nodes.ts';
import { cutDocuments, cutObjects, type Piece } from './pieces.ts';
import { findInScalar } from './scalars.ts';

/** Both count from 1. Columns are in UTF-16 code units. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** A place, and where the text there ends, if that is known. The end is exclusive. */
export interface Region extends Place {
  readonly end?: Place;
}

/**
 * Returns where `path` is written: the value if it is a scalar, otherwise its key or list entry. If nothing is at
 * `path`, returns what would hold it. With `span`, returns where that part of the text at `path` begins and ends, or
 * the start of the text if that cannot be known exactly.
 */
export type PlaceOf = (path: Path, span?: Span) => Region;

/** Why a document cannot be read, as a sentence without unprintable characters. */
export interface Mistake extends Place {
  readonly message: string;
}

export interface ReadDocument {
  /** Undefined if there are mistakes. */
  readonly value: unknown;
  readonly mistakes: readonly Mistake[];
  readonly placeOf: PlaceOf;
  readonly tree: Tree;
}

/** The nodes of a document, to find what is at a place. A document with mistakes has them too. */
export interface Tree {
  readonly root: Node | null;
  /** The text that the ranges of the nodes refer to. */
  readonly source: string;
  /** Where `source` begins in the file. */
  readonly start: number;
  /** The value as far as it can be read. Undefined if nothing can. */
  readonly guess: () => unknown;
}

type ParsedDocument = Document.Parsed;

/**
 * Reads the documents of a text, YAML or JSON, without the empty ones. A broken document does not prevent the others
 * from being read. What is reached through an alias or a merge key has its place where it is used. Cost: about 1 s a
 * megabyte.
 */
export function readDocuments(written: string): readonly ReadDocument[] {
  // A carriage return alone ends a line in YAML 1.2 (section 5.4) and is space in JSON. The library treats it as
  // neither.
  const text = written.replace(/\r(?!\n)/g, '\n');
  const lines = countLines(text);
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  return cutDocuments(text)
    .flatMap((piece) => parse(piece))
    .filter(({ document }) => !isEmpty(document))
    .map(({ document, piece: { text: source, start } }) => {
      const { value, mistakes } = convert(document, source);
      return {
        value,
        mistakes: mistakes.map(({ offset, message }) => ({ ...placeAt(start + offset), message })),
        tree: { root: document.contents, source, start, guess: () => guessValue(document) },
        placeOf: (path, span) => {
          const { start: offset, scalar } = findNode(document.contents, path);
          const part = span && scalar && findInScalar(scalar, source, span);
          if (part === undefined) return placeAt(start + offset);
          return { ...placeAt(start + part.start), end: placeAt(start + part.end) };
        },
      };
    });
}

function isEmpty({ contents, errors }: ParsedDocument): boolean {
  return errors.length === 0 && (contents === null || (isScalar(contents) && contents.value === null));
}

function countLines(text: string): LineCounter {
  const lines = new LineCounter();
  lines.addNewLine(0);
  for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', end + 1)) lines.addNewLine(end + 1);
  return lines;
}

/**
 * Parses a piece. It holds one document, unless a line `...` ends one and another follows, or it is a stream of JSON
 * objects.
 */
function parse(piece: Piece): { document: ParsedDocument; piece: Piece }[] {
  const documents = [...parseAllDocuments(piece.text, dialect)] as ParsedDocument[];
  const isBroken = documents.some(({ errors }) => errors.length > 0);
  const objects = isBroken ? cutObjects(piece) : [];
  return objects.length > 1 ? objects.flatMap(parse) : documents.map((document) => ({ document, piece }));
}

interface Fault {
  readonly offset: number;
  readonly message: string;
}

/** Reports only the first mistake in grammar, because the others mostly follow from it. Reports every wrong key. */
function convert(document: ParsedDocument, source: string): { value: unknown; mistakes: readonly Fault[] } {
  const foreign = source.indexOf('\uFFFD');
  if (foreign !== -1) return fail(foreign, 'holds a byte that is not UTF-8 here');
  const [error] = document.errors;
  if (error !== undefined) return fail(error.pos[0], explain(error, source));
  try {
    const faults = findFaults(document);
    return faults.length > 0
      ? { value: undefined, mistakes: faults }
      : { value: document.toJS(conversion), mistakes: [] };
  } catch (thrown) {
    return fail(findDangling(document) ?? startOf(document.contents) ?? 0, explain(thrown as Error, source));
  }
}

function guessValue(document: ParsedDocument): unknown {
  try {
    return document.toJS(conversion);
  } catch {
    return undefined;
  }
}

function fail(offset: number, message: string) {
  return { value: undefined, mistakes: [{ offset, message }] };
}

/** The most characters of a message that are shown. The library quotes the faulty text, however long it is. */
const MOST_SHOWN = 200;

/** Returns the library's message, unless that is about the library's internals. */
function explain({ message }: Error, source: string): string {
  if (/call stack|overflow/i.test(message)) return 'nested too deep to be read: flatten it';
  if (/alias count/.test(message)) return 'its aliases expand to too many values: write the values out';
  const hint = source.includes('{{') ? ' (render a template before it is read)' : '';
  return `not valid YAML: ${displayText(message, MOST_SHOWN)}${hint}`;
}

/**
 * Finds keys that are not text or are given twice (kubectl would silently use the last), and aliases inside what they
 * refer to.
 */
function findFaults(document: ParsedDocument): Fault[] {
  const faults: Fault[] = [];
  const tell = (node: Node, message: string) => faults.push({ offset: startOf(node) ?? 0, message });
  visit(document, {
    Map: (_, { items }) => {
      const seen = new Set<string>();
      for (const { key } of items) {
        if (isCollection(key))
          tell(key, 'the key is a list or a map, not text: quote it, or render the template first');
        if (!isScalar(key) || typeof key.value === 'symbol') continue;
        const name = String(key.value);
        if (seen.has(name)) tell(key, `the key ${quoteName(name)} is given twice: remove one of the two`);
        seen.add(name);
      }
    },
    Alias: (_, alias, ancestors) => {
      const isInside = ancestors.some((ancestor) => isNode(ancestor) && ancestor.anchor === alias.source);
      if (isInside) tell(alias, `the alias ${quoteName(alias.source)} refers to a value that contains it: remove it`);
    },
  });
  return faults;
}

/** The first alias without an anchor before it. */
function findDangling(document: ParsedDocument): number | undefined {
  let offset: number | undefined;
  visit(document, {
    Alias: (_, alias) => {
      if (alias.resolve(document) !== undefined) return undefined;
      offset = startOf(alias);
      return visit.BREAK;
    },
  });
  return offset;
}
