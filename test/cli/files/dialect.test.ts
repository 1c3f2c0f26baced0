import { execFile } from 'node:child_process';
import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { parseDocument } from 'yaml';
import { conversion, dialect } from '../../../src/cli/files/dialect.ts';
import { readSettings } from '../../support/controlplane/settings.ts';
import { resolveTools } from '../../support/controlplane/tools.ts';

/** Scalars as they are written, and the values that the API server gets. */
const scalars: readonly (readonly [string, unknown])[] = [
  ...['y', 'Y', 'yes', 'Yes', 'YES', 'on', 'On', 'ON', 'true', 'True', 'TRUE'].map((text) => [text, true] as const),
  ...['n', 'N', 'no', 'No', 'NO', 'off', 'Off', 'OFF', 'false', 'False', 'FALSE'].map((text) => [text, false] as const),
  ...['~', 'null', 'Null', 'NULL', ''].map((text) => [text, null] as const),
  ...['yES', 'oN', 'tRUE', 'nULL', 'x', '=', '.', '+', '_1', '0x', '1e', '0.1.2'].map((text) => [text, text] as const),
  ...['12:30', '190:20:30', '1:30.5'].map((text) => [text, text] as const),
  ...['2026-01-31', '2026-01-31 12:30:00', '2026-01-31T12:30:00Z'].map((text) => [text, text] as const),
  ['0', 0],
  ['010', 8],
  ['-010', -8],
  ['0o10', 8],
  ['08', 8],
  ['0x1F', 31],
  ['-0x1F', -31],
  ['0b11', 3],
  ['+1', 1],
  ['1_000', 1000],
  ['1e3', 1000],
  ['1E-2', 0.01],
  ['.5', 0.5],
  ['5.', 5],
  ['-1.5e3', -1500],
  ['"yes"', 'yes'],
  ["'010'", '010'],
  ['!!str 5', '5'],
  ['!!int "5"', 5],
];

const manifest = [
  'apiVersion: example.com/v1',
  'kind: Example',
  'metadata: { name: example }',
  'scalars:',
  ...scalars.map(([text]) => `  - ${text}`),
  'keys: { on: 1, no: 2 }',
  'base: &base { a: 1, b: 2 }',
  'merged: { <<: *base, b: 3 }',
  'mergedFromMany: { <<: [*base, { a: 4, c: 5 }] }',
].join('\n');

const expected = {
  scalars: scalars.map(([, value]) => value),
  keys: { true: 1, false: 2 },
  merged: { a: 1, b: 3 },
  mergedFromMany: { a: 1, b: 2, c: 5 },
};

test('reads scalars, keys and merges as kubectl does', () => {
  expect(parseDocument(manifest, dialect).toJS(conversion)).toMatchObject(expected);
});

const isKubectlHere = process.platform === 'linux' && process.arch === 'x64';

test.skipIf(!isKubectlHere)('and kubectl reads them so (where npm brings it: Linux x64)', async () => {
  const { kubectl } = await resolveTools(readSettings(process.env));
  await using folder = await mkdtempDisposable(join(tmpdir(), 'kubectl-'));
  const file = join(folder.path, 'example.yaml');
  await writeFile(file, manifest);
  const { stdout } = await promisify(execFile)(kubectl, ['label', '--local', '-f', file, 'a=b', '-o', 'json']);
  expect(JSON.parse(stdout)).toMatchObject(expected);
});
