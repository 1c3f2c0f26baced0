import { asRecord } from '../orchestration/decode.ts';
import type { Path } from '../orchestration/problem.ts';
import { GROUP } from '../orchestration/schema.ts';
import type { Source } from './files.ts';
import { type Mistake, type Place, readDocuments } from './read.ts';

/** An object of one of our kinds, as it stands in a file. */
export interface FoundObject {
  readonly kind: 'Orchestration' | 'OrchestrationRun';
  readonly value: unknown;
  /** Where a path of the object stands in its file. */
  readonly placeOf: (path: Path) => Place;
}

/** What one file holds, in its order. */
export interface Manifest {
  readonly file: string;
  readonly objects: readonly FoundObject[];
  readonly mistakes: readonly Mistake[];
  /** Documents that cannot be read. */
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
      placeOf: (path: Path) => placeOf(['items', index, ...path]),
    }));
  });
  const objects = items.flatMap((item) => {
    const kind = kindOf(item.value);
    return kind === undefined ? [] : [{ kind, ...item }];
  });
  return {
    file,
    objects,
    mistakes: documents.flatMap(({ mistakes }) => mistakes),
    brokenCount: documents.length - readable.length,
    ignoredCount: items.length - objects.length,
  };
}

function listItems(value: unknown): readonly unknown[] | undefined {
  const { kind, items } = asRecord(value);
  return typeof kind === 'string' && kind.endsWith('List') && Array.isArray(items) ? items : undefined;
}

/** Any version of the group counts: a wrong one should not let a broken graph pass as something else. */
function kindOf(value: unknown): FoundObject['kind'] | undefined {
  const { apiVersion, kind } = asRecord(value);
  if (typeof apiVersion !== 'string' || !apiVersion.startsWith(`${GROUP}/`)) return undefined;
  return kind === 'Orchestration' || kind === 'OrchestrationRun' ? kind : undefined;
}
