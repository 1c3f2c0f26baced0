import { expect, test } from 'vitest';
import { type ApiFailure, type Cluster, type ClusterKind, isApiFailure } from '../../../src/cli/cluster/port.ts';
import { run } from '../../../src/cli/commands/run.ts';
import type { KubeObject } from '../../../src/objects/object.ts';
import { API_VERSION } from '../../../src/orchestration/schema.ts';
import { fakeCluster, runIn, storedRun } from '../cluster/fake-cluster.ts';
import { portsOf } from '../run-command.ts';

const failure = (reason: ApiFailure['reason']): ApiFailure =>
  Object.assign(new Error(reason), { reason, causes: [], isOutcomeUnknown: false });

/** Runs the Orchestration `release` with these declarations, in a cluster that holds only that and `stored`. */
async function runRelease(parameters: object | undefined, args: readonly string[], stored: KubeObject[] = []) {
  const created: KubeObject[] = [];
  const warned: string[] = [];
  const release = { metadata: { name: 'release', namespace: 'ci' }, spec: { policies: { parameters } } };
  const get = (kind: ClusterKind, name: string) => {
    const found =
      kind === 'Orchestration' ? parameters && release : stored.find(({ metadata }) => metadata.name === name);
    return found === undefined ? Promise.reject(failure('Forbidden')) : Promise.resolve(found as KubeObject);
  };
  const create: Cluster['create'] = (object, options) => {
    if (stored.some(({ metadata }) => metadata.name === object.metadata.name))
      return Promise.reject(failure('AlreadyExists'));
    if (options?.isDryRun !== true) created.push(object);
    return Promise.resolve(object);
  };
  const cluster = { namespace: 'ci', get, create } as Partial<Cluster> as Cluster;
  const ports = portsOf({ withCluster: (_, use) => use(cluster) });
  const screen = { ...ports.screen, warn: (text: string) => warned.push(text) };
  const { exitCode, stderr } = await run.execute(['release', '--name', 'r', ...args], { ...ports, screen });
  return { exitCode, stderr, warned, created: created.map(({ metadata }) => metadata.name) };
}

const declared = { version: { required: true }, env: { enum: ['dev', 'prod'] } };

test('a run that violates the declared parameters is not created, and every violation is a line', async () => {
  expect(isApiFailure(failure('Forbidden'))).toBe(true);
  expect(await runRelease(declared, ['-p', 'env=test'])).toEqual({
    exitCode: 2,
    stderr:
      'run: parameter "version" is required and absent: give it a value\n' +
      'run: parameter "env" is "test", not one of "dev", "prod"\n',
    warned: [],
    created: [],
  });
});

test('a misspelt parameter that nothing requires is a warning, and the run is created', async () => {
  expect(await runRelease(declared, ['-p', 'version=1', '-p', 'evn=dev'])).toEqual({
    exitCode: 0,
    stderr: '',
    warned: ['run: warning: parameter "evn" is not declared; did you mean "env"?\n'],
    created: ['r'],
  });
});

test('a run that exists already is found, even if the declaration has changed since', async () => {
  const metadata = { name: 'r', namespace: 'ci' };
  const spec = { orchestrationRef: { name: 'release' }, parameters: { env: 'dev' } };
  const stored: KubeObject = { apiVersion: API_VERSION, kind: 'OrchestrationRun', metadata, spec };
  expect(await runRelease(declared, ['-p', 'env=dev'], [stored])).toMatchObject({ exitCode: 0, stderr: '' });
});

test('a user who cannot read the Orchestration can run it, and nothing is checked', async () => {
  expect(await runRelease(undefined, ['-p', 'env=test'])).toMatchObject({ exitCode: 0, created: ['r'] });
});

test('-o name writes what every command takes, and says what it did beside it', async () => {
  const cluster = fakeCluster({ objects: [{ ...storedRun('release'), kind: 'Orchestration' }] });
  const create: Cluster['create'] = (object) => Promise.resolve(object);
  expect(await runIn({ ...cluster, create }, run, ['orchestration/release', '--name', 'r', '-o', 'name'])).toEqual({
    exitCode: 0,
    stdout: 'orchestrationrun.orchestration.proompteng.ai/r\n',
    stderr: 'OrchestrationRun ci/r created\n',
  });
});
