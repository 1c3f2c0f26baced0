import { expect, test } from 'vitest';
import { readPath } from '../../../src/cli/cluster/judge.ts';
import { formatPath } from '../../../src/orchestration/problem.ts';

test.each([
  [['spec', 'steps', 3, 'dependsOn', 0]],
  [['spec', 'steps', 0, 'with', 'my.key']],
  [['spec', 'orchestrationRef', 'name']],
  [[]],
])('a field is read as the path that wrote it: %j', (path) => {
  expect(readPath(formatPath(path))).toEqual(path);
});
