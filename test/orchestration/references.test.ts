import { expect, test } from 'vitest';
import { readObject, readReference } from '../../src/orchestration/references.ts';

const step = (fields: object) => ({ name: 'a', kind: 'ToolRun', ...fields });

test.each([
  ['step.toolRef.name', { toolRef: { name: 'lint' } }],
  ['step.toolRef', { toolRef: 'lint' }],
  ['step.toolRef as JSON text', { toolRef: '{"name":"lint"}' }],
  ['step.with.toolRef', { with: { toolRef: 'lint' } }],
  ['step.with.toolRef as JSON text', { with: { toolRef: ' {"name": "lint", "other": 1}' } }],
  ['step.with where step.toolRef names nothing', { toolRef: { name: ' ' }, with: { toolRef: 'lint' } }],
  ['step.with where step.toolRef is null', { toolRef: null, with: { toolRef: 'lint' } }],
  ['step.toolRef before step.with', { toolRef: { name: 'lint' }, with: { toolRef: 'other' } }],
])('reads a name from %s', (_, fields) => {
  expect(readReference(step(fields), 'toolRef')).toBe('lint');
});

test('parses JSON text of up to 256 KiB', () => {
  const implementation = (length: number) => {
    const [head, tail] = ['{"text":"', '"}'];
    return step({ with: { implementation: head + 'x'.repeat(length - head.length - tail.length) + tail } });
  };
  expect(readObject(implementation(256 * 1024), 'implementation')).toHaveProperty('text');
  expect(readObject(implementation(256 * 1024 + 1), 'implementation')).toBeUndefined();
});

test.each([
  [{}],
  [{ toolRef: {} }],
  [{ toolRef: { name: 7 } }],
  [{ toolRef: ['lint'] }],
  [{ toolRef: '  ' }],
  [{ with: { toolRef: '' } }],
  [{ with: { toolRef: '{"name":""}' } }],
  [{ with: { toolRef: '{"name":7}' } }],
  [{ with: { agentRef: 'lint' } }],
])('finds no name in %j', (fields) => {
  expect(readReference(step(fields), 'toolRef')).toBeUndefined();
});

test('reads text that only looks like JSON as a name', () => {
  expect(readReference(step({ with: { toolRef: '{lint' } }), 'toolRef')).toBe('{lint');
});
