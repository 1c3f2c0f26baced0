import { describe, expect, test } from 'vitest';
import { stands, step, viewRun } from './runs.ts';

describe('a step that waits', () => {
  test('names the dependencies that it waits for, and none that succeeded or failed with tolerance', () => {
    const steps = [step('a'), step('b'), step('c'), step('d', ['a', 'b', 'c'])];
    const view = viewRun(steps, [
      stands('a', 'Succeeded'),
      stands('b', 'Running'),
      stands('c', 'Failed', { ignored: true }),
    ]);
    expect(view('d')).toMatchObject({ why: ['Waits for "b".'], because: [{ word: 'waits for', index: 1 }] });
  });

  test('has the message of its status, if its dependencies are satisfied', () => {
    const message = 'waits for room: policies.maxParallel is 1';
    const view = viewRun([step('a'), step('b')], [stands('a', 'Running'), stands('b', 'Pending', { message })]);
    expect(view('b').why).toEqual([message]);
  });

  test('has a sentence about it if the run is suspended', () => {
    const view = viewRun([step('a'), step('b', ['a'])], [stands('a', 'Running')], { isSuspended: true });
    expect(view('b').why).toEqual(['Waits for "a".', expect.stringContaining('The run is suspended')]);
    expect(viewRun([step('a')], [], { isSuspended: true })('a').why).toEqual([
      expect.stringContaining('The run is suspended'),
    ]);
  });

  test('names what the run waits for if it has not started', () => {
    const condition = {
      type: 'Ready',
      status: 'False',
      reason: 'x',
      message: 'waits for its Orchestration',
      lastTransitionTime: '',
    } as const;
    const pending = { phase: 'Pending', conditions: [condition] } as const;
    const view = (status: object) =>
      viewRun([step('a')], [], { status: { runId: undefined as never, ...status } })('a').why;
    expect(view(pending)).toEqual(['waits for its Orchestration']);
    expect(view({})).toEqual(['The run has not started: no controller has started to process it yet.']);
  });
});

describe('a step with a condition', () => {
  const steps = [step('a'), step('b', ['a']), step('c'), step('tidy', ['b', 'c'], { runIf: 'Always' })];

  test('waits for the end of all of its ancestors, and not for their success', () => {
    const view = viewRun(steps, [stands('a', 'Running'), stands('b', 'Pending'), stands('c', 'Failed')]);
    expect(view('tidy')).toMatchObject({
      why: ['Waits for "a", "b".'],
      because: [
        { word: 'waits for', index: 0 },
        { word: 'waits for', index: 1 },
      ],
    });
    const ended = viewRun(steps, [stands('a', 'Failed'), stands('b', 'Skipped'), stands('c', 'Failed')]);
    expect(ended('tidy').why).toEqual(['Everything it waits for is done: the ToolRun is about to start.']);
  });

  test('is not held by suspend as the run cleans up, and says why the run does', () => {
    const cleanup = { type: 'CleaningUp', status: 'True', reason: 'RunCancelled', lastTransitionTime: '' } as const;
    const status = { conditions: [{ ...cleanup, message: 'the run was cancelled' }] };
    const statuses = [stands('a', 'Succeeded'), stands('b', 'Cancelled'), stands('c', 'Running')];
    expect(viewRun(steps, statuses, { status, isSuspended: true })('tidy').why).toEqual([
      'Waits for "c".',
      'The run cleans up: the run was cancelled.',
    ]);
  });

  test.each([
    ['ConditionFalse', 'Skipped', 'when is false: run.name == "x"', 'when is false: run.name == "x"'],
    ['ConditionFailed', 'Failed', 'when: no x', 'Its condition cannot be evaluated: when: no x'],
    ['InputFailed', 'Failed', 'with.a: no x', 'An input cannot be evaluated: with.a: no x'],
    ['OutputFailed', 'Failed', 'output "a": no x', 'It ran, but its outputs are not valid: output "a": no x'],
    ['CleaningUp', 'Running', 'the run was cancelled', 'The nested run of this step cleans up: the run was cancelled.'],
  ] as const)('that is %s says so', (reason, phase, message, sentence) => {
    const { why } = viewRun([step('a')], [stands('a', phase, { reason, message })])('a');
    const neutral = 'This is not a failure: the dependents of this step start anyway.';
    expect(why).toEqual(reason === 'ConditionFalse' ? [sentence, neutral] : [sentence]);
  });
});

describe('a step that runs', () => {
  test('names its child, or has the message of its status', () => {
    const message = 'waits for ApprovalPolicy "prod" (phase Ready): Approved, Allowed or Succeeded opens the gate';
    const steps = [step('child'), step('gate', [], { kind: 'ApprovalGate', policyRef: 'prod' })];
    const ref = { apiVersion: 'v1', kind: 'ToolRun', name: 'r-child', namespace: 'ci', uid: 'u' };
    const view = viewRun(steps, [
      stands('child', 'Running', { resourceRef: ref }),
      stands('gate', 'Running', { message }),
    ]);
    expect(steps.map(({ name }) => view(name).why)).toEqual([['Attempt 1 runs as ToolRun "r-child".'], [message]]);
  });

  test('has the cause of the last failure and the time of the next attempt, between two attempts', () => {
    const nextRetryAt = '2026-01-01T00:01:00Z';
    const message = `exit 1; attempt 2 starts at ${nextRetryAt}`;
    const view = viewRun([step('a', [], { retries: 2 })], [stands('a', 'Retrying', { message, nextRetryAt })]);
    expect(view('a')).toMatchObject({
      why: [message],
      attempt: 1,
      mostAttempts: 3,
    });
  });
});

describe('a skipped step', () => {
  const skipped = (name: string, second: number) => stands(name, 'Skipped', { reason: 'DependencyFailed', second });

  test('names the culprit and the root cause', () => {
    const steps = [step('a'), step('b', ['a']), step('c', ['b'])];
    const view = viewRun(steps, [stands('a', 'Failed', { message: 'exit 1' }), skipped('b', 0), skipped('c', 0)]);
    expect(view('b')).toMatchObject({
      why: ['Skipped because "a" failed: exit 1'],
      because: [{ word: 'failed dependency and root cause', index: 0 }],
    });
    expect(view('c')).toMatchObject({
      why: ['Skipped because "b" was skipped.', 'The root cause: "a" failed: exit 1'],
      because: [
        { word: 'skipped dependency', index: 1 },
        { word: 'root cause', index: 0 },
      ],
    });
  });

  test('keeps its culprit, even if a step before it in the list fails later', () => {
    const steps = [step('late'), step('early'), step('c', ['late', 'early'])];
    const view = viewRun(steps, [
      stands('late', 'Failed', { second: 9 }),
      stands('early', 'Failed', { second: 1 }),
      skipped('c', 1),
    ]);
    expect(view('c').because).toEqual([{ word: 'failed dependency and root cause', index: 1 }]);
  });

  test('of a thousand in a row names the first as root cause, quickly', () => {
    const names = Array.from({ length: 1000 }, (_, index) => `s${index}`);
    const steps = names.map((name, index) => step(name, index === 0 ? [] : [names[index - 1] ?? '']));
    const statuses = names.map((name, index) => (index === 0 ? stands(name, 'Failed') : skipped(name, 0)));
    expect(viewRun(steps, statuses)('s999').because.at(-1)).toEqual({ word: 'root cause', index: 0 });
  });

  test('whose status leads in a circle gets an explanation', () => {
    const steps = [step('a', ['b']), step('b', ['a'])];
    expect(viewRun(steps, [skipped('a', 0), skipped('b', 0)])('a').why).toEqual([
      'Skipped because "b" failed: DependencyFailed',
    ]);
  });
});

test('hostile names and messages stay text, and names stay on one line', () => {
  const name = '</text><script>alert(1)</script>\n\u202eevil';
  const ref = { apiVersion: 'v1', kind: 'K\n', name: '$(reboot)', namespace: 'ci', uid: 'u' };
  const view = viewRun(
    [step(name), step('b', [name])],
    [stands(name, 'Running', { resourceRef: ref, reason: 'a\u0007' })],
  );
  expect(view('b').why).toEqual(['Waits for "</text><script>alert(1)</script>\\u000a\\u202eevil".']);
  expect(view(name)).toMatchObject({
    reason: 'a\\u0007',
    child: { kind: 'K\\u000a', name: '$(reboot)', command: expect.stringMatching(/ '\$\(reboot\)'$/) },
  });
});

test('a step shows its outputs, escaped and cut', () => {
  const outputs = { digest: 'sha256:1', 'odd\u202e': `"<b>\n${'x'.repeat(4_000)}` };
  const { outputs: shown } = viewRun([step('a')], [stands('a', 'Succeeded', { outputs })])('a');
  expect(shown).toEqual([
    { name: 'digest', value: 'sha256:1' },
    { name: 'odd\\u202e', value: `"<b>\\u000a${'x'.repeat(250)}…`, isCut: true },
  ]);
  expect(viewRun([step('a')], [stands('a', 'Succeeded')])('a')).not.toHaveProperty('outputs');
});
