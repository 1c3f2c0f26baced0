import type { OurKind } from '../cli/files/misspelt.ts';
import { buildKindSchemas, type JsonSchema } from '../orchestration/json-schema.ts';
import type { Path } from '../orchestration/problem.ts';

const schemas = buildKindSchemas();

/** The schema of what is at a path of an object. Undefined if the schema does not say. */
export function schemaAt(kind: OurKind, path: Path): JsonSchema | undefined {
  return path.reduce<JsonSchema | undefined>(enter, schemas[kind]);
}

function enter(schema: JsonSchema | undefined, segment: string | number): JsonSchema | undefined {
  if (typeof segment === 'number') return schema?.items;
  const { properties = {}, additionalProperties } = schema ?? {};
  if (Object.hasOwn(properties, segment)) return properties[segment];
  return typeof additionalProperties === 'object' ? additionalProperties : undefined;
}

/** The values that a field can have: those of an open list too, which allows others. */
export function valuesOf({ enum: closed, anyOf = [] }: JsonSchema): readonly string[] {
  return closed ?? anyOf.flatMap((schema) => schema.enum ?? []);
}
