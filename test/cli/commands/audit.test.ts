import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { audit } from '../../../src/cli/commands/audit.ts';
import type { KubeObject } from '../../../src/objects/object.ts';
import { API_VERSION } from '../../../src/orchestration/schema.ts';
import { failureOf, fakeCluster, runIn } from '../cluster/fake-cluster.ts';

const mark = (name: string, ...dependsOn: string[]) => ({ name, kind: 'Checkpoint', dependsOn });
const cycle = [mark('a', 'b'), mark('b', 'a')];

function stored(name: string, steps: readonly object[], metadata: object = {}): KubeObject {
  return {
    apiVersion: API_VERSION,
    kind: 'Orchestration',
    metadata: { namespace: 'ci', name, ...metadata },
    spec: { steps },
  };
}

const settings: KubeObject = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { namespace: 'gate', name: 'settings' },
  data: { mode: 'warn', 'severity.NonPortableStepName': 'deny' },
} as KubeObject;
const mistaken: KubeObject = {
  ...settings,
  metadata: { namespace: 'gate', name: 'mistaken' },
  data: { 'limits.maxSteps': 'x' },
};
const objects = [
  stored('broken', cycle),
  stored('fine', [mark('a')]),
  stored('suspicious', [mark('Not-A-Label')]),
  stored('going', cycle, { deletionTimestamp: '2026-01-01T00:00:00Z' }),
  stored('elsewhere', cycle, { namespace: 'prod' }),
  settings,
  mistaken,
];
const run = (...args: string[]) => runIn(fakeCluster({ objects }), audit, args);

describe('audit', () => {
  test('shows what the gate would deny or warn about in the namespace, and ends with 1', async () => {
    const { exitCode, stdout } = await run();
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(
      /^Orchestration ci\/broken\ndeny DependencyCycle spec\.steps\[1\]\.dependsOn\[0\]: .*a → b → a.*\n\nOrchestration ci\/suspicious\nwarn NonPortableStepName spec\.steps\[0\]\.name: .*\n\n1 error and 1 warning in 2 of 3 objects\n$/,
    );
  });

  test('shows those of all namespaces with -A', async () => {
    const { stdout } = await run('-A', '-o', 'json');
    expect(
      JSON.parse(stdout).map(({ namespace, name, code }: Record<string, string>) => [namespace, name, code]),
    ).toEqual([
      ['ci', 'broken', 'DependencyCycle'],
      ['ci', 'suspicious', 'NonPortableStepName'],
      ['prod', 'elsewhere', 'DependencyCycle'],
    ]);
  });

  test('has the same problems in each format', async () => {
    const problems = JSON.parse((await run('-o', 'json')).stdout);
    expect(problems[0]).toMatchObject({ kind: 'Orchestration', severity: 'deny', steps: ['a', 'b'] });
    expect(parse((await run('-o', 'yaml')).stdout)).toEqual(problems);
    expect((await run('-o', 'github')).stdout.split('\n')).toEqual([
      expect.stringMatching(/^::error title=DependencyCycle::Orchestration ci\/broken: spec\.steps/),
      expect.stringMatching(/^::warning title=NonPortableStepName::Orchestration ci\/suspicious: spec\.steps/),
      '',
    ]);
    const [{ results }] = JSON.parse((await run('-o', 'sarif')).stdout).runs;
    expect(results.map(({ ruleId }: { ruleId: string }) => ruleId)).toEqual(['DependencyCycle', 'NonPortableStepName']);
  });

  test('ends with 0 if there are only warnings, and with 1 if they count as errors', async () => {
    const cluster = fakeCluster({ objects: [stored('suspicious', [mark('Not-A-Label')])] });
    expect((await runIn(cluster, audit, [])).exitCode).toBe(0);
    expect((await runIn(cluster, audit, ['--strict'])).exitCode).toBe(1);
  });

  test('judges by the limits and severities of a ConfigMap, whatever its mode', async () => {
    const { stdout } = await run('--settings', 'gate/settings');
    expect(stdout).toContain('deny DependencyCycle');
    expect(stdout).toContain('deny NonPortableStepName');
  });

  test.each([
    [['--settings', 'settings'], 'audit: --settings is "settings"; expected the namespace and the name of a ConfigMap'],
    [['--settings', 'gate/absent'], 'audit: there is no ConfigMap "absent" in namespace "gate": name the ConfigMap'],
    [['--settings', 'gate/mistaken'], 'audit: ConfigMap "mistaken" in namespace "gate": limits.maxSteps: "x" is not'],
  ])('with %j says what is wrong and ends with 2', async (args, complaint) => {
    const { exitCode, stdout, stderr } = await run(...args);
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr).toContain(complaint);
  });

  test('says that there is no Orchestration, which is no failure', async () => {
    expect(await run('-n', 'empty')).toEqual({
      exitCode: 0,
      stdout: '',
      stderr: 'audit: no Orchestration in namespace "empty"\n',
    });
    expect((await run('-n', 'empty', '-o', 'json')).stdout).toBe('[]\n');
  });

  test('says what the user may not do', async () => {
    const cluster = {
      ...fakeCluster({ objects }),
      pages: () => {
        throw failureOf('Forbidden', 'orchestrations is forbidden');
      },
    };
    const { exitCode, stderr } = await runIn(cluster, audit, ['-A']);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('orchestrations is forbidden')]);
  });
});
