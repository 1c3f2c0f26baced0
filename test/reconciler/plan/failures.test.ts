import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../../../src/objects/object.ts';
import { TOOL_RUNS } from '../../support/model/engine.ts';
import { begin, childOf, end, phasesOf, settle, standingOf, statusOf, tool } from '../../support/model/play.ts';

describe('a failure', () => {
  test('skips all its descendants at once, with the failed dependency and the root cause in the message', () => {
    const story = begin([tool('build'), tool('test'), tool('ship'), tool('tell')]);
    end(story, 'build', 'Failed', 'exit 1');
    expect(phasesOf(story)).toBe('build: Failed, test: Skipped, ship: Skipped, tell: Skipped');
    expect(statusOf(story, 'test')).toMatchObject({
      reason: 'DependencyFailed',
      message: 'dependency build failed: exit 1',
    });
    expect(statusOf(story, 'ship').message).toBe('dependency test was skipped: build failed: exit 1');
    expect(statusOf(story, 'tell').message).toBe('dependency ship was skipped: build failed: exit 1');
  });

  test('skips a step without waiting for the other dependencies of the step', () => {
    const story = begin([tool('build', []), tool('slow', []), tool('ship', ['slow', 'build'])]);
    end(story, 'build', 'Failed', 'exit 1');
    expect(phasesOf(story)).toBe('build: Failed, slow: Running, ship: Skipped');
  });

  test('names the first failed dependency in list order, and the message never changes later', () => {
    const story = begin([tool('a', []), tool('b', []), tool('ship', ['b', 'a'])]);
    end(story, 'a', 'Failed', 'exit 1');
    end(story, 'b', 'Failed', 'exit 2');
    expect(statusOf(story, 'ship').message).toBe('dependency a failed: exit 1');
  });

  test('is named by list order if there are two at once', () => {
    const story = begin([tool('a', []), tool('b', []), tool('ship', ['b', 'a'])]);
    const children = ['a', 'b'].map((step) => childOf(story, step) as KubeObject);
    for (const child of children) {
      const body = { status: { phase: 'Failed', message: `exit ${child.metadata.name.charCodeAt(0)}` } };
      story.world.api.patch(TOOL_RUNS, child.metadata, { type: 'merge', body }, { subresource: 'status' });
    }
    settle(story.world);
    expect(statusOf(story, 'ship').message).toBe('dependency b failed: exit 98');
  });

  test('prints a hostile name in one line, and cuts a long message to 256 characters without splitting one', () => {
    const story = begin([tool('a\nb', []), tool('c', ['a\nb'])]);
    end(story, 'a\nb', 'Failed', '😀'.repeat(200));
    const { message = '' } = statusOf(story, 'c');
    expect(message).toMatch(/^dependency a\\u000ab failed: 😀+\p{So}?.?…$/u);
    expect(message.length).toBeLessThanOrEqual(256);
    expect(message.isWellFormed()).toBe(true);
    expect(statusOf(story, 'a\nb').message?.isWellFormed()).toBe(true);
  });

  test('has the message of the child, from any of its fields', () => {
    const messageOf = (status: object) => {
      const story = begin([tool('a')]);
      const { metadata } = childOf(story, 'a') as KubeObject;
      const body = { status: { phase: 'Failed', ...status } };
      story.world.api.patch(TOOL_RUNS, metadata, { type: 'merge', body }, { subresource: 'status' });
      settle(story.world);
      return statusOf(story, 'a').message;
    };
    expect(messageOf({ message: 'exit 1' })).toBe('exit 1');
    const said = (type: string, message: string, status = 'True') => ({
      type,
      status,
      reason: `${type}Reason`,
      message,
    });
    const all = ['Blocked', 'Degraded', 'InvalidSpec', 'Failed'].map((type) => said(type, `by ${type}`));
    const conditions = [...all, said('Ready', 'by Ready', 'False'), said('Succeeded', 'no', 'False'), 'nonsense'];
    for (const type of ['Failed', 'InvalidSpec', 'Degraded', 'Ready', 'Blocked']) {
      const left = conditions.slice();
      expect(messageOf({ conditions: left })).toBe(`by ${type}`);
      conditions.splice(0, conditions.length, ...left.filter((one) => Object(one).type !== type));
    }
    const refused = [said('InvalidSpec', ''), said('Ready', '', 'False'), said('Degraded', 'agent coder not found')];
    expect(messageOf({ reason: 'MissingAgent', message: '', conditions: refused })).toBe('agent coder not found');
    expect(messageOf({ reason: 'MissingAgent', conditions: refused.slice(0, 2) })).toBe('MissingAgent');
    expect(messageOf({ conditions: refused.slice(0, 2) })).toBe('InvalidSpecReason');
    const healthy = [said('Degraded', 'healthy', 'False'), said('Ready', 'tool run observed')];
    expect(messageOf({ conditions: healthy })).toBe('ToolRun a.1.1 ended Failed');
    expect(messageOf({ conditions: 'nonsense', message: '' })).toBe('ToolRun a.1.1 ended Failed');
  });
});

describe('independent branches', () => {
  test('continue after a failure, and the run is over only when they are', () => {
    const story = begin([tool('build', []), tool('test', ['build']), tool('docs', []), tool('site', ['docs'])]);
    end(story, 'build', 'Failed', 'exit 1');
    expect(standingOf(story)).toBe('Running, Running: 2 of 4 steps done');
    end(story, 'docs', 'Succeeded');
    end(story, 'site', 'Succeeded');
    expect(phasesOf(story)).toBe('build: Failed, test: Skipped, docs: Succeeded, site: Succeeded');
    expect(standingOf(story)).toBe('Failed, StepFailed: "build" failed: exit 1');
  });
});
