import { describe, expect, test } from 'vitest';
import type { StepStatus } from '../../src/orchestration/run-status.ts';
import type { Step } from '../../src/orchestration/schema.ts';
import { viewAncestors } from '../../src/reconciler/ancestors.ts';

const step = (name: string, ...dependsOn: string[]): Step => ({ name, kind: 'Checkpoint', dependsOn });
const stands = (name: string, phase: StepStatus['phase'], more: Partial<StepStatus> = {}): StepStatus => ({
  ...{ name, kind: 'Checkpoint', phase, attempt: 1 },
  ...more,
});

describe('what a step can read of other steps', () => {
  const steps = [step('root'), step('middle', 'root'), step('beside'), step('last', 'middle')];
  const statuses = [
    stands('root', 'Failed', { reason: 'ChildFailed', message: 'exit 1', ignored: true }),
    stands('middle', 'Succeeded', { reason: 'Completed', finishedAt: '2026-01-01T00:00:00Z', outputs: { a: '1' } }),
    stands('beside', 'Succeeded'),
  ];

  test('is the phase, reason, attempt and outputs of its ancestors', () => {
    const ancestors = viewAncestors(steps, statuses)('last');
    expect(ancestors('root')).toEqual({ phase: 'Failed', reason: 'ChildFailed', attempt: 1 });
    expect(ancestors('middle')).toEqual({ phase: 'Succeeded', reason: 'Completed', attempt: 1, outputs: { a: '1' } });
  });

  test('excludes steps that are no ancestors, itself, and steps that do not exist', () => {
    const ancestors = viewAncestors(steps, [...statuses, stands('last', 'Running')])('last');
    expect(['beside', 'last', 'nobody', 'constructor'].map(ancestors)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });

  test('excludes an ancestor that is not final', () => {
    const ancestors = viewAncestors(steps, [stands('root', 'Running'), stands('middle', 'Retrying')])('last');
    expect([ancestors('root'), ancestors('middle')]).toEqual([undefined, undefined]);
  });

  test('does not depend on the order of entries or on the progress of other steps', () => {
    const later = [stands('last', 'Running'), stands('beside', 'Failed'), ...statuses.slice(0, 2).toReversed()];
    const read = (all: readonly StepStatus[]) => ['root', 'middle', 'beside'].map(viewAncestors(steps, all)('last'));
    expect(read(later)).toEqual(read(statuses));
  });

  test('follows the sequential default', () => {
    const sequence = [
      { name: 'a', kind: 'Checkpoint' },
      { name: 'b', kind: 'Checkpoint' },
    ];
    expect(viewAncestors(sequence, [stands('a', 'Succeeded')])('b')('a')).toEqual({ phase: 'Succeeded', attempt: 1 });
  });
});
