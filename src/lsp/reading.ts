import { type ReadDocument, readDocuments, type Tree } from '../cli/files/documents.ts';
import { listObjects, type Manifest, toManifest } from '../cli/files/manifest.ts';
import { kindOf, type OurKind } from '../cli/files/misspelt.ts';
import { decodeOrchestration, type Orchestration } from '../orchestration/decode.ts';
import type { Path } from '../orchestration/problem.ts';
import { GROUP } from '../orchestration/schema.ts';

/** An object of ours in a text that a user edits. If its document has mistakes, this is the part that can be read. */
export interface EditedObject {
  readonly kind: OurKind;
  readonly value: unknown;
  readonly tree: Tree;
  /** Where the object is in its document: the path is empty, except in a List. */
  readonly within: Path;
}

/** What a text holds. */
export interface Reading {
  readonly documents: readonly ReadDocument[];
  /** What lint sees. */
  readonly manifest: Manifest;
  readonly objects: readonly EditedObject[];
}

const OURS = new RegExp(`${GROUP.replaceAll('.', '\\.')}/|^["'\\s{]*kind["']?:\\s*["']?Orchestration`, 'm');

/** Whether a text may hold objects of ours, correct or misspelt. Any other text is ignored, valid or not. */
export function isOurs(text: string): boolean {
  return OURS.test(text);
}

/** Reads a text, YAML or JSON. Never fails. Cost: about 1 s a megabyte. */
export function readText(file: string, text: string): Reading {
  const documents = isOurs(text) ? readDocuments(text) : [];
  return { documents, manifest: toManifest(file, documents), objects: documents.flatMap(findObjects) };
}

function findObjects({ value, mistakes, tree }: ReadDocument): EditedObject[] {
  const read = mistakes.length === 0 ? value : tree.guess();
  return listObjects(read).flatMap(({ object, within }) => {
    const kind = kindOf(object);
    return kind === undefined ? [] : [{ kind, value: object, tree, within }];
  });
}

/** The Orchestration that an object is. Undefined if it is an OrchestrationRun. */
export function orchestrationOf({ kind, value }: EditedObject): Orchestration | undefined {
  return kind === 'Orchestration' ? decodeOrchestration(value).orchestration : undefined;
}
