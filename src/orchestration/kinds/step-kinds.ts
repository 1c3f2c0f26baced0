import { type FieldTable, stepFields, tableOf } from '../fields.ts';
import type { ChildKind, GateKind, StepKind } from './kind.ts';

/** A table of step kinds, with its lookups. */
export interface StepKinds {
  /** In the order of the table. */
  readonly all: readonly StepKind[];
  /** The kind of a step, by the step's `kind`. */
  readonly get: (name: string) => StepKind | undefined;
  /** The kind whose steps create objects of this kind, or wait for them. */
  readonly ofObject: (kind: string) => ChildKind | GateKind | undefined;
  /** Every field of a step that is read. */
  readonly fields: FieldTable;
}

/** Builds the table. Throws if two rows have the same name or the same kind of objects. */
export function createStepKinds(all: readonly StepKind[]): StepKinds {
  const objects = all.filter((kind) => kind.type !== 'Immediate');
  const byName = new Map(all.map((kind) => [kind.name, kind]));
  const byObject = new Map(objects.map((kind) => [kind.kind, kind]));
  if (byName.size < all.length || byObject.size < objects.length) throw new Error('two step kinds are the same');
  return {
    all,
    get: (name) => byName.get(name),
    ofObject: (kind) => byObject.get(kind),
    fields: tableOf(Object.assign({}, stepFields, ...all.map(({ fields }) => fields))),
  };
}

/** A resource that steps create or wait for, in the form of src/kube. */
export interface StepResource {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: true;
}

/** Returns the resource of a step kind's objects. */
export function resourceOf({ apiVersion, kind, plural }: ChildKind | GateKind): StepResource {
  const [group = '', version = ''] = apiVersion.split('/');
  return { group, version, kind, plural, namespaced: true };
}

/** Returns the kinds whose steps create objects. */
export function listChildKinds({ all }: StepKinds): readonly ChildKind[] {
  return all.filter((kind) => kind.type === 'Child');
}

/** Returns the resources that steps create or wait for. */
export function listResources({ all }: StepKinds): readonly StepResource[] {
  return all.flatMap((kind) => (kind.type === 'Immediate' ? [] : [resourceOf(kind)]));
}
