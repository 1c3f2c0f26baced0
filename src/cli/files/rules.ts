import { listNames, quoteName } from '../../dag/display.ts';
import { suggestName } from '../../dag/suggest.ts';
import { asRecord, isRecord } from '../../orchestration/decode.ts';
import type { FoundProblem, Path } from '../../orchestration/problem.ts';
import { orchestrationRunSpecSchema, orchestrationSpecSchema } from '../../orchestration/schema.ts';
import type { FoundObject } from './manifest.ts';

/** What a schema of ours says about unknown fields. */
interface Openness {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Openness>>;
  readonly items?: Openness;
  readonly additionalProperties?: Openness;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
}

const OPEN: Openness = { 'x-kubernetes-preserve-unknown-fields': true };

/** Fields that are not checked here: the API server knows the fields of metadata, and a status is not applied. */
const around = { apiVersion: OPEN, kind: OPEN, metadata: OPEN, status: OPEN };

const schemas: Readonly<Record<FoundObject['kind'], Openness>> = {
  Orchestration: { properties: { ...around, spec: orchestrationSpecSchema } },
  OrchestrationRun: { properties: { ...around, spec: orchestrationRunSpecSchema } },
};

/**
 * Finds what an API server would object to before any rule of ours applies. The gate never sees such an object, or not
 * all of it.
 */
export function findFileProblems({ kind, value }: FoundObject): readonly FoundProblem[] {
  return [...findMissingName(value), ...findUnknown(schemas[kind], value, [])];
}

function findMissingName(value: unknown): FoundProblem[] {
  const { name, generateName } = asRecord(asRecord(value)['metadata']);
  if (isText(name) || isText(generateName)) return [];
  const describe = () => 'is absent: give the object a name';
  return [{ code: 'MissingName', path: ['metadata', 'name'], describe }];
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

/** Finds the fields that the schema neither names nor keeps. */
function findUnknown(schema: Openness, value: unknown, at: Path): FoundProblem[] {
  const { items, properties = {}, additionalProperties } = schema;
  if (Array.isArray(value))
    return items === undefined ? [] : value.flatMap((item, index) => findUnknown(items, item, [...at, index]));
  if (!isRecord(value)) return [];
  const isKept = additionalProperties !== undefined || schema['x-kubernetes-preserve-unknown-fields'] === true;
  return Object.entries(value).flatMap(([field, inside]) => {
    const known = Object.hasOwn(properties, field) ? properties[field] : undefined;
    if (known !== undefined) return findUnknown(known, inside, [...at, field]);
    return isKept ? [] : [describeUnknown([...at, field], Object.keys(properties))];
  });
}

function describeUnknown(path: Path, known: readonly string[]): FoundProblem {
  const describe = () => {
    const meant = suggestName(String(path.at(-1)), known);
    const cure = meant === undefined ? `there are ${listNames(known)}` : `did you mean ${quoteName(meant)}?`;
    return `there is no such field, so kubectl apply denies it and other clients lose it; ${cure}`;
  };
  return { code: 'UnknownSpecField', path, describe };
}
