import { describe, expect, test } from 'vitest';
import { decodeRunStatus } from '../../src/orchestration/decode-status.ts';
import { stepKinds } from '../../src/orchestration/kinds/table.ts';
import { isSatisfied, type RunStatus, type StepPhase, type StepStatus } from '../../src/orchestration/run-status.ts';
import type { Step } from '../../src/orchestration/schema.ts';
import { repairSteps } from '../../src/reconciler/repair.ts';
import { canFit, createOutputRoom, fitStatus, roomForStatus } from '../../src/reconciler/status-size.ts';

const nameChild = (_: unknown, step: string, attempt: number) => `${step.slice(-8)}-${attempt}`;
const run = { name: 'nightly-1', namespace: 'agents', uid: 'run-uid' };
const phases: readonly StepPhase[] = ['Pending', 'Running', 'Retrying', 'Succeeded', 'Failed', 'Cancelled'];
const bytesOf = (value: unknown) => new TextEncoder().encode(JSON.stringify(value)).length;

function largeRun(steps: number, nameBytes: number): { readonly steps: readonly Step[]; readonly status: RunStatus } {
  const names = Array.from({ length: steps }, (_, i) => `${'x'.repeat(nameBytes)}${String(i).padStart(5, '0')}`);
  const stepStatuses = names.map((name, i): StepStatus => {
    const phase = phases[i % phases.length] ?? 'Pending';
    const attempt = phase === 'Pending' ? 0 : 1 + (i % 3);
    return {
      name,
      kind: 'ToolRun',
      phase,
      attempt,
      ...(phase === 'Cancelled' && { reason: 'RunCancelled' }),
      ...(phase === 'Running' && { startedAt: '2026-01-01T00:00:00.000Z' }),
      ...(attempt > 0 && {
        message: 'm'.repeat(256),
        resourceRef: {
          apiVersion: 'tools.proompteng.ai/v1alpha1',
          kind: 'ToolRun',
          name: nameChild(run, name, attempt),
          namespace: 'agents',
          uid: `uid-${i}`,
        },
      }),
    };
  });
  const status = { phase: 'Running', runId: 'nightly-1', conditions: [], stepStatuses } as const;
  return { steps: names.map((name) => ({ name, kind: 'ToolRun' })), status };
}

describe('a status', () => {
  test.each([
    [1000, 10, 0],
    [1000, 650, 0],
    [1000, 1250, 0],
    [1000, 1250, 700_000],
    [2000, 63, 700_000],
  ])(
    'of %i steps with names of %i bytes beside %i bytes always fits, and keeps outputs, and what is needed to continue and to delete children',
    (count, nameBytes, beside) => {
      const { steps, status: plain } = largeRun(count, nameBytes);
      const room = roomForStatus(beside);
      expect(canFit(count, room)).toBe(true);
      const makeRoom = createOutputRoom(plain.stepStatuses, room);
      const outputs = { out: 'o'.repeat(1_000) };
      const stepStatuses = plain.stepStatuses.map((step) =>
        step.phase === 'Succeeded' && makeRoom(outputs) === undefined ? { ...step, outputs } : step,
      );
      const status = { ...plain, stepStatuses };
      expect(stepStatuses.filter((step) => 'outputs' in step).length).toBeGreaterThan(60);
      const stored = fitStatus(status, room);
      expect(bytesOf(stored)).toBeLessThanOrEqual(room);
      const read = repairSteps(
        { ...run, status: decodeRunStatus(JSON.parse(JSON.stringify(stored))) },
        steps,
        nameChild,
        stepKinds,
      );
      const writtenSteps = new Map(read.map((step) => [step.name, step]));
      for (const step of status.stepStatuses) {
        const { name, phase, attempt, reason, startedAt, resourceRef } = step;
        if (phase === 'Pending' && !writtenSteps.has(name)) continue;
        const kept = writtenSteps.get(name);
        expect([kept?.phase, kept?.attempt, kept?.reason, kept?.startedAt]).toEqual([
          phase,
          attempt,
          reason,
          startedAt,
        ]);
        expect(kept?.outputs).toEqual('outputs' in step ? outputs : undefined);
        expect(kept?.resourceRef?.name).toBe(resourceRef?.name);
        if (phase === 'Running' || phase === 'Retrying') expect(kept?.resourceRef?.uid).toBe(resourceRef?.uid);
      }
    },
  );

  test('of a run that continues another one fits too, and keeps what decides', () => {
    const names = Array.from({ length: 1000 }, (_, i) => `${'x'.repeat(1250)}${i}`);
    const steps = names.map((name) => ({ name, kind: 'SubOrchestration', orchestrationRef: { name: 'inner' } }));
    const resumeFrom = 'n'.repeat(63);
    const stepStatuses = names.map((name, i): StepStatus => {
      const entry = { name, kind: 'SubOrchestration', attempt: 0, message: 'm'.repeat(256) };
      if (i % 3 === 0) return { ...entry, phase: 'Skipped', reason: 'Inherited', inheritedFrom: 'r'.repeat(253) };
      if (i % 3 === 1) return { ...entry, phase: 'Pending', resumeFrom };
      const resourceRef = { apiVersion: 'v1', kind: 'x', name: 'x', namespace: 'x', uid: 'u'.repeat(36) };
      const startedAt = '2026-01-01T00:00:00.000Z';
      return {
        ...entry,
        phase: 'Running',
        reason: 'MissingOrchestration',
        attempt: 1,
        startedAt,
        resourceRef,
        resumeFrom,
      };
    });
    const room = 1000 * 256 + 8 * 1024;
    expect(canFit(names.length, room)).toBe(true);
    const stored = fitStatus({ phase: 'Running', runId: 'nightly-1', conditions: [], stepStatuses }, room);
    expect(bytesOf(stored)).toBeLessThanOrEqual(room);
    const resumption = { run: 'nightly-0', steps: [], isLatest: false, mistakes: [] };
    const status = decodeRunStatus(JSON.parse(JSON.stringify(stored)));
    const read = repairSteps({ ...run, status, resumption }, steps, nameChild, stepKinds);
    const kept = read.map(({ phase, reason, resumeFrom: from }) => [phase, reason, from]);
    const isInherited = (index: number) => index % 3 === 0;
    expect(kept).toEqual(
      stepStatuses.map(({ phase, reason }, i) => [phase, reason, isInherited(i) ? undefined : resumeFrom]),
    );
    expect(read.every((step, i) => isSatisfied(step) === isInherited(i))).toBe(true);
  });

  test('that would not fit beside the run is detected before the run starts', () => {
    expect(canFit(1000, roomForStatus(1_400_000))).toBe(false);
    expect(canFit(100, roomForStatus(1_400_000))).toBe(true);
  });
});
