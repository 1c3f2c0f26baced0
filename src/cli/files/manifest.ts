import { asRecord } from '../../orchestration/decode.ts';
import { type Mistake, type PlaceOf, readDocuments } from './documents.ts';
import { findMisspelling, kindOf, type OurKind } from './misspelt.ts';
import type { Source } from './sources.ts';

/** An object of one of our kinds, as it stands in a file. */
export interface FoundObject {
  readonly kind: OurKind;
  readonly value: unknown;
  /** Where a path of the object stands in its file. */
  readonly placeOf: PlaceOf;
}

/** Why something cannot be read as an object of ours; `field` is the one at fault, of an object that has fields. */
export interface ManifestMistake extends Mistake {
  readonly field?: string;
}

/** What one file holds, in its order. */
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
  const documents = readDocuments(text);
  const readable = documents.filter(({ mistakes }) => mistakes.length === 0);
  const items = readable.flatMap(({ value, placeOf }) => {
    const list = listItems(value);
    if (list === undefined) return [{ value, placeOf }];
    return list.map((item, index) => ({
      value: item,
      placeOf: ((path, span) => placeOf(['items', index, ...path], span)) satisfies PlaceOf,
    }));
  });
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

function listItems(value: unknown): readonly unknown[] | undefined {
  const { kind, items } = asRecord(value);
  return typeof kind === 'string' && kind.endsWith('List') && Array.isArray(items) ? items : undefined;
}
