import { asRecord } from '../../orchestration/decode.ts';
import type { Path } from '../../orchestration/problem.ts';
import { type Mistake, type PlaceOf, type ReadDocument, readDocuments, type Tree } from './documents.ts';
import { findMisspelling, kindOf, type OurKind } from './misspelt.ts';
import type { Source } from './sources.ts';

/** An object of one of our kinds, as it is written in a file. */
export interface FoundObject {
  readonly kind: OurKind;
  readonly value: unknown;
  /** Where a path of the object is written in its file. */
  readonly placeOf: PlaceOf;
  readonly tree: Tree;
  /** Where the object is in the document: the path is empty, except in a List. */
  readonly within: Path;
}

/**
 * Why something cannot be read as an object of ours. `field` is the field at fault, if an object was read that has one.
 */
export interface ManifestMistake extends Mistake {
  readonly field?: string;
}

/** The content of one file, in the order of the file. */
export interface Manifest {
  readonly file: string;
  readonly objects: readonly FoundObject[];
  readonly mistakes: readonly ManifestMistake[];
  /** Documents and objects that cannot be read. */
  readonly brokenCount: number;
  /** Objects of other kinds. */
  readonly ignoredCount: number;
}

/** Finds our objects in a file, also inside a List as `kubectl get -o yaml` writes it. Never fails. */
export function readManifest({ file, text }: Source): Manifest {
  return toManifest(file, readDocuments(text));
}

/** Finds our objects in the documents of a file. */
export function toManifest(file: string, documents: readonly ReadDocument[]): Manifest {
  const readable = documents.filter(({ mistakes }) => mistakes.length === 0);
  const items = readable.flatMap(({ value, placeOf, tree }) =>
    listObjects(value).map(({ object, within }) => {
      const placeIn: PlaceOf = (path, span) => placeOf([...within, ...path], span);
      return { value: object, placeOf: placeIn, tree, within };
    }),
  );
  const objects = items.flatMap((item) => {
    const kind = kindOf(item.value);
    return kind === undefined ? [] : [{ kind, ...item }];
  });
  const misspelt = items.flatMap(({ value, placeOf }) => {
    const found = kindOf(value) === undefined ? findMisspelling(value) : undefined;
    return found === undefined ? [] : [{ ...placeOf([found.field]), ...found }];
  });
  return {
    file,
    objects,
    mistakes: [...documents.flatMap(({ mistakes }) => mistakes), ...misspelt],
    brokenCount: documents.length - readable.length + misspelt.length,
    ignoredCount: items.length - objects.length - misspelt.length,
  };
}

/** The objects of a document, with their places in it: its value, or the items of a List. */
export function listObjects(value: unknown): readonly { readonly object: unknown; readonly within: Path }[] {
  const { kind, items } = asRecord(value);
  const isList = typeof kind === 'string' && kind.endsWith('List') && Array.isArray(items);
  return isList
    ? items.map((object: unknown, index) => ({ object, within: ['items', index] }))
    : [{ object: value, within: [] }];
}
