import { describe, expect, test } from 'vitest';
import { planRun } from '../../../src/reconciler/plan.ts';
import { begin, firstLook, options, tool } from '../../support/model/play.ts';

describe('a run', () => {
  test('is not touched while it is being deleted, or if another controller writes its status', () => {
    const observation = firstLook(begin([tool('a')]));
    expect(planRun({ ...observation, run: { ...observation.run, isBeingDeleted: true } }, 0, options)).toEqual([]);
    expect(planRun({ ...observation, run: { ...observation.run, isContested: true } }, 0, options)).toEqual([
      {
        type: 'EmitEvent',
        eventType: 'Warning',
        reason: 'StatusContested',
        message:
          'another controller writes the status of "nightly-1", so this one ignores the run: disable one of the two ' +
          'controllers; to run all steps again here, run kubectl -n agents patch orchestrationrun nightly-1 --subresource=status --type=merge ' +
          `-p '{"status": null}'`,
      },
    ]);
  });

  test('has no condition that contradicts its end after another controller ended it', () => {
    const story = begin([tool('a')]);
    const { run } = firstLook(story);
    const time = '2026-01-01T00:00:00Z';
    const condition = (type: string, status: string, reason: string) => ({
      ...{ type, status, reason, message: '', lastTransitionTime: time },
    });
    const accepted = condition('Accepted', 'True', 'Submitted');
    const stored = (phase: string, ...conditions: object[]) => ({
      phase,
      stepStatuses: [{ name: 'a', phase }],
      conditions,
    });
    const ours = ['Ready False', 'Progressing True', 'Succeeded Unknown'].map((words) => {
      const [type = '', status = ''] = words.split(' ');
      return condition(type, status, 'Running');
    });
    const conditionsAfter = (status: object) => {
      const [patch] = planRun(
        { ...firstLook(story), run: { ...run, isContested: true, stored: { ...status } } },
        0,
        options,
      );
      if (patch?.type !== 'PatchStatus') return undefined;
      return patch.status.conditions.map(({ type, status, reason }) => `${type} ${status} ${reason}`);
    };
    expect(
      conditionsAfter(stored('Succeeded', ...ours.slice(0, 2), condition('Succeeded', 'True', 'Succeeded'), accepted)),
    ).toEqual([
      'Ready True StatusContested',
      'Progressing False StatusContested',
      'Succeeded True Succeeded',
      'Accepted True Submitted',
    ]);
    expect(conditionsAfter(stored('Failed', ...ours, condition('Failed', 'True', 'StepFailed')))).toEqual([
      'Ready False Running',
      'Progressing False StatusContested',
      'Succeeded False StatusContested',
      'Failed True StepFailed',
    ]);
    const right = [condition('Ready', 'True', 'Derived'), condition('Progressing', 'False', 'Derived')];
    expect(conditionsAfter(stored('Succeeded', ...right))).toBeUndefined();
  });

  test('that has not started waits while another controller may start it, and reports that controller once it is seen', () => {
    const story = begin([tool('a')]);
    const observation = firstLook(story);
    const at = new Date(60_000).toISOString();
    const planWith = (isActive: boolean, status = observation.run.status, stored = observation.run.stored) =>
      planRun(
        { ...observation, run: { ...observation.run, status, stored }, rival: { isActive, untilMs: 60_000 } },
        0,
        options,
      );
    expect(planWith(false)).toEqual([{ type: 'RequeueAt', time: at }]);
    const [patch, event, requeue] = planWith(true);
    if (patch?.type !== 'PatchStatus') throw new Error('it says nothing');
    expect(patch.status.phase).toBe('Pending');
    const { reason, message = '' } = patch.status.conditions[0] ?? {};
    expect([reason, requeue]).toEqual(['StatusContested', { type: 'RequeueAt', time: at }]);
    expect(event).toMatchObject({ type: 'EmitEvent', eventType: 'Warning', reason: 'StatusContested' });
    expect(message).toContain('helm upgrade agents CHART --reuse-values --set orchestrationController.enabled=false');
    expect(message).toContain('turn off flag agents.orchestration_controller.enabled');
    expect(message.length).toBeLessThan(256);
    expect(planWith(true, patch.status, { ...patch.status })).toEqual([requeue]);
    const cancelled = { ...observation.run, isCancelled: true };
    const [ended] = planRun({ ...observation, run: cancelled, rival: { isActive: true, untilMs: 60_000 } }, 0, options);
    expect(ended).toMatchObject({ status: { phase: 'Cancelled' } });
  });
});
