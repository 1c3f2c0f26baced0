import { describe, expect, test } from 'vitest';
import {
  annotate,
  begin,
  beginInterrupted,
  childOf,
  end,
  endWith,
  phasesOf,
  type Step,
  type Story,
  settle,
  standingOf,
  statusOf,
  tool,
} from '../../support/model/play.ts';

const specOf = (story: Story, step: string) => Object(childOf(story, step)?.['spec']);
const agent = (name: string, fields: Partial<Step>): Step => ({
  ...{ name, kind: 'AgentRun', agentRef: { name: 'coder' }, implementationSpecRef: { name: 'fix' } },
  ...fields,
});

describe('a condition', () => {
  const parameters = { branch: 'main' };

  test('that is true lets the step run', () => {
    const story = begin([tool('a', [], { when: 'parameters.branch == "main"' })], { parameters });
    expect(statusOf(story, 'a').phase).toBe('Running');
  });

  test('that is false skips the step, and its dependents run', () => {
    const story = begin([tool('a', [], { when: 'parameters.branch != "main"' }), tool('b', ['a'])], { parameters });
    expect(statusOf(story, 'a')).toMatchObject({
      phase: 'Skipped',
      reason: 'ConditionFalse',
      message: 'when is false: parameters.branch != "main"',
    });
    end(story, 'b', 'Succeeded');
    expect(standingOf(story)).toBe('Succeeded, Completed: 1 of 2 steps succeeded, 1 skipped by their conditions');
  });

  test('that cannot be evaluated fails the step, which is not retried', () => {
    const story = begin([tool('a', [], { when: 'int(parameters.branch) > 1', retries: 3 })], { parameters });
    expect(statusOf(story, 'a')).toMatchObject({ phase: 'Failed', reason: 'ConditionFailed', attempt: 0 });
    expect(standingOf(story)).toMatch(/^Failed, StepFailed: "a" failed: when: /);
  });

  test('is evaluated only when the step would start: after its dependencies, and not while the run is suspended', () => {
    const story = begin([tool('a', []), tool('b', ['a'], { when: 'steps.a.attempt == 2' })]);
    expect(statusOf(story, 'b').phase).toBe('Pending');
    annotate(story, 'suspend');
    end(story, 'a', 'Succeeded');
    expect(statusOf(story, 'b').phase).toBe('Pending');
    annotate(story, 'suspend', null);
    expect(statusOf(story, 'b').phase).toBe('Skipped');
  });

  test('that is false skips a step of any kind, and does not wait for policies.maxParallel', () => {
    const ask: Step = { name: 'ask', kind: 'ApprovalGate', policyRef: 'board', dependsOn: [], when: 'false' };
    const steps = [tool('a', []), tool('b', [], { when: 'false' }), ask];
    const story = begin(steps, { policies: { maxParallel: 1 } });
    expect(phasesOf(story)).toBe('a: Running, b: Skipped, ask: Skipped');
  });

  test('that reads an output of a step that did not succeed fails the step, unless has() tests it', () => {
    const output = 'steps.a.outputs.x';
    const story = begin([
      tool('a', []),
      tool('bare', ['a'], { runIf: 'Always', when: `${output} == "1"` }),
      tool('safe', ['a'], { runIf: 'Always', when: `has(${output}) && ${output} == "1"` }),
    ]);
    end(story, 'a', 'Failed', 'exit 1');
    expect(statusOf(story, 'bare')).toMatchObject({ phase: 'Failed', reason: 'ConditionFailed', attempt: 0 });
    expect(statusOf(story, 'safe')).toMatchObject({ phase: 'Skipped', reason: 'ConditionFalse' });
  });

  test('reads how a step ended, after a failure too', () => {
    const report = tool('report', ['a'], { runIf: 'Always', when: 'steps.a.reason == "ChildFailed"' });
    const story = begin([tool('a', []), report]);
    end(story, 'a', 'Failed', 'exit 1');
    expect(phasesOf(story)).toBe('a: Failed, report: Running');
  });
});

describe('an input', () => {
  const image = '${{ steps.build-web.outputs.image }}';

  test('gets the output of an ancestor, also in a field of the child', () => {
    const implementation = { inline: { text: `deploy ${image}` } };
    const story = begin([
      tool('build-web', []),
      agent('ship', { dependsOn: ['build-web'], with: { tag: image }, implementation }),
    ]);
    endWith(story, 'build-web', { image: 'web@sha256:1' });
    expect(specOf(story, 'ship')).toMatchObject({
      parameters: { tag: 'web@sha256:1' },
      implementation: { inline: { text: 'deploy web@sha256:1' } },
    });
  });

  test('that holds a nasty value stays one string, in text and in JSON text', () => {
    const nasty = `"'\\\n\u2028 ${image} {{x}} $(x) \${x}`;
    const story = begin([
      tool('build-web', []),
      tool('ship', ['build-web'], { with: { text: image, json: JSON.stringify({ list: [image, { a: image }] }) } }),
    ]);
    endWith(story, 'build-web', { image: nasty });
    const { text, json } = specOf(story, 'ship').parameters;
    expect(text).toBe(nasty);
    expect(JSON.parse(json)).toEqual({ list: [nasty, { a: nasty }] });
  });

  test('without a placeholder stays byte for byte as it is', () => {
    const inputs = { mustache: '{{ inputs.x }}', shell: '${HOME}', json: '{ "a":1.0 }', github: '${{ github.sha }}' };
    const story = begin([tool('a', [], { with: inputs })]);
    expect(specOf(story, 'a').parameters).toEqual(inputs);
  });

  test('that is an output of a step that did not succeed skips the step, unless has() tests it', () => {
    const tested = '${{ has(steps.build-web.outputs.image) ? steps.build-web.outputs.image : "none" }}';
    const story = begin([
      tool('build-web', []),
      tool('bare', ['build-web'], { runIf: 'Always', with: { image } }),
      tool('safe', ['build-web'], { runIf: 'Always', with: { image: tested } }),
    ]);
    end(story, 'build-web', 'Failed', 'exit 1');
    expect(statusOf(story, 'bare')).toMatchObject({ phase: 'Skipped', reason: 'ConditionFalse' });
    expect(specOf(story, 'safe').parameters).toEqual({ image: 'none' });
  });

  test('that cannot be evaluated fails the step, and is not retried', () => {
    const story = begin([tool('build-web', []), tool('ship', ['build-web'], { with: { image }, retries: 2 })]);
    endWith(story, 'build-web', { other: 'x' });
    expect(statusOf(story, 'ship')).toMatchObject({ phase: 'Failed', reason: 'InputFailed', attempt: 0 });
    expect(statusOf(story, 'ship').message).toMatch(/^with\.image: /);
  });

  test('that has() tests and that is read all the same fails the step', () => {
    const used = '${{ has(steps.build-web.outputs.image) ? "" : steps.build-web.outputs.image }}';
    const story = begin([tool('build-web', []), tool('ship', ['build-web'], { runIf: 'Always', with: { used } })]);
    end(story, 'build-web', 'Failed', 'exit 1');
    expect(statusOf(story, 'ship')).toMatchObject({ phase: 'Failed', reason: 'InputFailed', attempt: 0 });
  });

  test('is the same in every attempt, and after a crash', () => {
    const story = begin([tool('build-web', []), tool('ship', ['build-web'], { with: { image }, retries: 1 })]);
    endWith(story, 'build-web', { image: 'web@sha256:1' });
    end(story, 'ship', 'Failed', 'exit 1');
    expect(statusOf(story, 'ship').attempt).toBe(2);
    expect(specOf(story, 'ship').parameters).toEqual({ image: 'web@sha256:1' });
    const interrupted = beginInterrupted([tool('a', [], { with: { run: '${{ run.name }}' } })]);
    settle(interrupted.world);
    expect(specOf(interrupted, 'a').parameters).toEqual({ run: 'nightly-1' });
  });

  test('of a reference is not evaluated', () => {
    const story = begin([{ name: 'a', kind: 'ToolRun', with: { toolRef: '${{ run.name }}' } }]);
    expect(specOf(story, 'a').toolRef).toEqual({ name: '${{ run.name }}' });
  });
});
