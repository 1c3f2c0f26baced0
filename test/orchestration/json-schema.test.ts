import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { checkJsonSchema } from '../../scripts/json-schema.ts';
import { readDocuments } from '../../src/cli/files/documents.ts';
import { stepFields } from '../../src/orchestration/fields.ts';
import { buildKindSchemas, type JsonSchema } from '../../src/orchestration/json-schema.ts';
import { stepKinds } from '../../src/orchestration/kinds/table.ts';

const path = 'schemas/orchestration.schema.json';
const validate = new Ajv({ allErrors: true, strictTypes: false, strictRequired: false }).compile(
  JSON.parse(readFileSync(path, 'utf8')) as object,
);

/** The place and the keyword of each error in the documents of a file that can be read. */
function refusalsOf(file: string): string[] {
  const documents = readDocuments(readFileSync(file, 'utf8')).filter(({ mistakes }) => mistakes.length === 0);
  const errors = documents.flatMap(({ value }) => {
    validate(value);
    return validate.errors ?? [];
  });
  // An `if` only repeats that its `then` is not met.
  return errors
    .filter(({ keyword }) => keyword !== 'if')
    .map(({ instancePath, keyword }) => `${instancePath} ${keyword}`)
    .sort();
}

const examples = (pattern: string) => globSync(`examples/${pattern}/*.yaml`.replace('/./', '/')).sort();

/** The rejected examples that are wrong in their shape. The others are wrong in names, graphs, expressions or limits. */
const misshapen: Readonly<Record<string, readonly string[]>> = {
  'invalid-dependency': ['/spec/steps/1/dependsOn type'],
  'invalid-field': [
    '/spec/policies/concurrency/max minimum',
    '/spec/steps/0/retries type',
    '/spec/steps/1/outputs type',
    '/spec/steps/1/runIf enum',
    '/spec/steps/1/when type',
  ],
  'missing-name': ['/metadata anyOf', '/metadata required', '/metadata required'],
  'missing-orchestration-ref': ['/spec required'],
  'missing-steps': ['/spec/steps minItems'],
  'step-missing-kind': ['/spec/steps/0 required'],
  'step-missing-name': ['/spec/steps/0 required'],
  'unknown-resource': ['/apiVersion enum', '/kind enum'],
  'unknown-spec-field': ['/spec additionalProperties', '/spec/steps/0/toolRef additionalProperties'],
};

describe('the JSON Schema for editors', () => {
  test('is as make generate writes it', async () => {
    expect(await checkJsonSchema('.')).toEqual([]);
  });

  test.each(examples('.'))('accepts %s', (file) => {
    expect(readDocuments(readFileSync(file, 'utf8'))).not.toEqual([]);
    expect(refusalsOf(file)).toEqual([]);
  });

  test.each(examples('warned'))('accepts %s, unless a number in it counts as absent', (file) => {
    const numbers: Readonly<Record<string, readonly string[]>> = {
      'invalid-duration': ['/spec/steps/0/timeoutSeconds minimum'],
      'invalid-policy': ['/spec/policies/maxParallel type', '/spec/policies/timeouts/totalSeconds minimum'],
    };
    expect(refusalsOf(file)).toEqual(numbers[basename(file, '.yaml')] ?? []);
  });

  test.each(examples('rejected'))('refuses %s exactly for its shape', (file) => {
    expect(refusalsOf(file)).toEqual(misshapen[basename(file, '.yaml')] ?? []);
  });

  test('accepts a document of another kind', () => {
    expect(validate({ apiVersion: 'v1', kind: 'ConfigMap', metadata: {}, data: { a: 'b' } })).toBe(true);
  });

  test('describes every field of a step that is read, and of policies', () => {
    const { steps, policies } = buildKindSchemas()['Orchestration']?.properties?.['spec']?.properties ?? {};
    const fields = steps?.items?.properties ?? {};
    expect(Object.keys(fields)).toEqual(
      expect.arrayContaining([
        ...Object.keys(stepFields),
        ...stepKinds.all.flatMap((kind) => Object.keys(kind.fields)),
      ]),
    );
    expect(findUndescribed({ properties: { ...fields, ...policies?.properties } })).toEqual([]);
  });
});

/** The paths of the fields without a description. A field of `policies` that has inner fields needs none of its own. */
function findUndescribed({ properties = {} }: JsonSchema, at = ''): string[] {
  return Object.entries(properties).flatMap(([name, schema]) => {
    const isDescribed = schema.description !== undefined || schema.properties !== undefined;
    return [...(isDescribed ? [] : [`${at}${name}`]), ...findUndescribed(schema, `${at}${name}.`)];
  });
}
