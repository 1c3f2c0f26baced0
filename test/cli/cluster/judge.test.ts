import { expect, test } from 'vitest';
import { judgeOnServer, readPath } from '../../../src/cli/cluster/judge.ts';
import type { Cluster } from '../../../src/cli/cluster/port.ts';
import { readManifest } from '../../../src/cli/files/manifest.ts';
import { formatPath } from '../../../src/orchestration/problem.ts';
import { orchestration } from '../run-command.ts';

test.each([
  [['spec', 'steps', 3, 'dependsOn', 0]],
  [['spec', 'steps', 0, 'with', 'my.key']],
  [['spec', 'orchestrationRef', 'name']],
  [[]],
])('a field is read as the path that wrote it: %j', (path) => {
  expect(readPath(formatPath(path))).toEqual(path);
});

test('a denial of an expression is placed where the expression is wrong, and any other where its field is', async () => {
  const text = orchestration('a', '{ name: a, kind: Checkpoint, when: run.name == steps.b.phase }');
  const causes = ['no step has the name "b"; did you mean "a"? (at character 13)', 'is not wanted'].map((message) => ({
    field: 'spec.steps[0].when',
    message,
  }));
  const denial = Object.assign(new Error('denied'), { reason: 'Invalid', causes, isOutcomeUnknown: false });
  const absent = Object.assign(new Error('absent'), { reason: 'NotFound', causes: [] });
  const cluster: Partial<Cluster> = {
    get: () => Promise.reject(absent),
    create: () => Promise.reject(denial),
    isDenial: () => true,
  };
  const { problems } = await judgeOnServer([readManifest({ file: 'a.yaml', text })], cluster as Cluster);
  expect(problems.map(({ line, column, end }) => [line, column, end?.column])).toEqual([
    [6, 42, undefined],
    [6, 54, 67],
  ]);
});
