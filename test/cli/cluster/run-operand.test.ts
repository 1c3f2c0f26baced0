import { expect, test } from 'vitest';
import { nameOf } from '../../../src/cli/cluster/run-operand.ts';
import { cancel } from '../../../src/cli/commands/cancel.ts';
import { status } from '../../../src/cli/commands/status.ts';
import { failureOf, fakeCluster, runIn, storedRun } from './fake-cluster.ts';

const two = fakeCluster({
  objects: [storedRun('a', { phase: 'Running' }), storedRun('b', { phase: 'Failed' })],
});

test.each([
  ['nightly', 'nightly'],
  ['run/nightly', 'nightly'],
  ['orchestrationrun/nightly', 'nightly'],
  ['OrchestrationRuns/nightly', 'nightly'],
  ['orchestrationrun.orchestration.proompteng.ai/nightly', 'nightly'],
  ['orchestration/nightly', undefined],
  ['pod/nightly', undefined],
  ['run/a/b', undefined],
  ['run/', undefined],
  ['/nightly', undefined],
  ['run/..', undefined],
])('%s names the run %s', (word, name) => {
  expect(nameOf('OrchestrationRun').read(word)).toBe(name);
});

test('a name that fails stops no other, and the exit code is the worst', async () => {
  expect(await runIn(two, cancel, ['run/a', 'x', 'b', 'a'])).toEqual({
    exitCode: 2,
    stdout: 'OrchestrationRun ci/a is being cancelled\nOrchestrationRun ci/b has already ended: Failed\n',
    stderr: 'cancel: no OrchestrationRun is named "x" in namespace "ci"; did you mean "a"?\n',
  });
  expect((await runIn(two, cancel, ['a', 'b'])).exitCode).toBe(1);
});

test('a cluster that cannot be asked is reported once', async () => {
  const away = { ...two, get: () => Promise.reject(failureOf('Unavailable', 'no answer')) };
  expect(await runIn(away, status, ['a', 'b'])).toEqual({ exitCode: 2, stdout: '', stderr: 'status: no answer\n' });
});

test('one run is an object, several are a List, and -o name is what every command takes', async () => {
  const one = JSON.parse((await runIn(two, status, ['a', '-o', 'json'])).stdout);
  expect(one).toMatchObject({ name: 'a', phase: 'Running' });
  const several = JSON.parse((await runIn(two, status, ['a', 'b', '-o', 'json'])).stdout);
  expect(several).toMatchObject({ apiVersion: 'v1', kind: 'List', items: [one, { name: 'b', phase: 'Failed' }] });
  expect((await runIn(two, status, ['b', '-o', 'yaml'])).stdout).toContain('phase: Failed\n');
  const { stdout } = await runIn(two, status, ['a', 'b', '-o', 'name']);
  expect(stdout.trim().split('\n').map(nameOf('OrchestrationRun').read)).toEqual(['a', 'b']);
});
