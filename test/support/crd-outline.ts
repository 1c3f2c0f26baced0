import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';

/** How an API server treats one place in an object. */
export interface Place {
  readonly type: unknown;
  /** Unknown fields are kept here; elsewhere they are pruned. */
  readonly isPreserved: boolean;
  readonly required: readonly string[];
  /** Every other keyword that can refuse a value: format, enum, maxLength, ... */
  readonly limits: Readonly<Record<string, unknown>>;
}

/** A CRD without its prose and its columns. */
export interface CrdOutline {
  /** Group, names, scope, versions and subresources. */
  readonly identity: { readonly kind: string };
  /** By path: `spec.steps[].with{}` is any value in the map `with`. */
  readonly places: ReadonlyMap<string, Place>;
}

interface Schema {
  readonly type?: string;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema;
  readonly description?: string;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
  readonly 'x-kubernetes-validations'?: readonly { readonly rule: string }[];
}

interface Crd {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly group: string;
    readonly scope: string;
    readonly names: { readonly kind: string; readonly listKind: string; readonly plural: string; singular: string };
    readonly versions: readonly [
      {
        readonly name: string;
        readonly served: boolean;
        readonly storage: boolean;
        readonly subresources: object;
        readonly schema: { readonly openAPIV3Schema: Schema };
      },
    ];
  };
}

/** The outlines of the CRDs in a folder's YAML files, by CRD name. */
export async function readOutlines(folder: string): Promise<ReadonlyMap<string, CrdOutline>> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.yaml')).sort();
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
  return new Map(texts.map((text) => outlineOf(parse(text) as Crd)));
}

function outlineOf({ metadata, spec }: Crd): [string, CrdOutline] {
  const { group, scope, names, versions } = spec;
  const { kind, listKind, plural, singular } = names;
  const [{ name, served, storage, subresources, schema }] = versions;
  const identity = { group, scope, kind, listKind, plural, singular, name, served, storage, subresources };
  const places = new Map<string, Place>();
  collect('', schema.openAPIV3Schema, places);
  return [metadata.name, { identity, places }];
}

function collect(path: string, schema: Schema, places: Map<string, Place>): void {
  const { type, required = [], properties = {}, items, additionalProperties, description: _, ...rest } = schema;
  const {
    'x-kubernetes-preserve-unknown-fields': isPreserved = false,
    'x-kubernetes-validations': cel,
    ...limits
  } = rest;
  const rules = cel?.map(({ rule }) => rule);
  places.set(path, {
    type,
    isPreserved,
    required: [...required].sort(),
    limits: { ...limits, ...(rules && { rules }) },
  });
  for (const [name, inside] of Object.entries(properties))
    collect(path === '' ? name : `${path}.${name}`, inside, places);
  if (items !== undefined) collect(`${path}[]`, items, places);
  if (additionalProperties !== undefined) collect(`${path}{}`, additionalProperties, places);
}
