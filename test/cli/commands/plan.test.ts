import { describe, expect, test } from 'vitest';
import { compareOrchestrations } from '../../../src/cli/cluster/changes.ts';
import { plan } from '../../../src/cli/commands/plan.ts';
import type { Planned } from '../../../src/cli/format/plan-text.ts';
import { decodeOrchestration } from '../../../src/orchestration/decode.ts';
import { orchestration, runOn } from '../run-command.ts';

const release = orchestration(
  'release',
  '{ name: build, kind: ToolRun, toolRef: { name: t }, dependsOn: [], timeoutSeconds: 600, retries: 1, retryBackoffSeconds: 30 }',
  '{ name: lint, kind: ToolRun, toolRef: { name: t }, dependsOn: [], continueOnFailure: true }',
  '{ name: test, kind: ToolRun, toolRef: { name: t }, dependsOn: [build, lint], timeoutSeconds: 900 }',
  '{ name: deploy, kind: Checkpoint, dependsOn: [test] }',
);

const planOf = async (text: string, ...args: string[]) => runOn(plan, { 'a.yaml': text }, [...args, 'a.yaml']);
const jsonOf = async (text: string) => JSON.parse((await planOf(text, '--format=json')).stdout) as Planned[];

test('tells waves, what failures skip, and how long it can take', async () => {
  expect(await planOf(release)).toEqual({
    exitCode: 0,
    stderr: '',
    stdout: `Orchestration ci/release: 4 steps in 3 waves
  wave 1 (roots): build, lint
  wave 2: test
  wave 3: deploy
  if build fails, that skips 2: test, deploy
  if lint fails, the failure is tolerated and skips nothing
  if test fails, that skips 1: deploy
  if deploy fails, that skips nothing
  longest path: build → test → deploy: 35m30s
  without timeoutSeconds, so of unknown duration: lint
`,
  });
});

test('counts the retries and bounds of policies', async () => {
  const steps = ['{ name: a, kind: ToolRun, toolRef: { name: t }, timeoutSeconds: 60 }'];
  const policies = '  policies: { retries: { limit: 2 }, timeouts: { totalSeconds: 120 }, maxParallel: 3 }\n';
  const [planned] = await jsonOf(orchestration('bounded', ...steps) + policies);
  expect(planned?.plan).toMatchObject({
    longestPath: { seconds: 180 },
    unbounded: [],
    totalSeconds: 120,
    maxParallel: 3,
  });
  const { stdout } = await planOf(orchestration('bounded', ...steps) + policies);
  expect(stdout).toContain('longest path: a: 3m00s at most\n');
  expect(stdout).toContain(
    'the run ends after 2m00s at most (policies.timeouts), which is less than the longest path can take',
  );
  expect(stdout).toContain('at most 3 steps at a time (policies.maxParallel)');
});

test.each([
  ['{}', 'at most 1 run of this Orchestration at a time, others wait (policies.concurrency)'],
  [
    '{ max: 3, whenFull: Fail, group: \'"to " + parameters.to\' }',
    'at most 3 runs of the group "to " + parameters.to at a time, others fail (policies.concurrency)',
  ],
  [
    '{ whenFull: Replace }',
    'at most 1 run of this Orchestration at a time, a new one replaces the oldest (policies.concurrency)',
  ],
])('tells how many runs policies.concurrency %s lets work', async (concurrency, line) => {
  const step = '{ name: a, kind: Checkpoint }';
  const { stdout } = await planOf(`${orchestration('grouped', step)}  policies: { concurrency: ${concurrency} }\n`);
  expect(stdout).toContain(`\n  ${line}\n`);
});

test('tells the sequential default, and all names in JSON', async () => {
  const many = Array.from({ length: 30 }, (_, index) => `{ name: s${index}, kind: Checkpoint }`);
  const { stdout } = await planOf(orchestration('chain', ...many));
  expect(stdout).toContain('30 steps in 30 waves (sequential: no step declares dependsOn)');
  expect(stdout).toContain('if s0 fails, that skips 29: s1, s2, s3, s4, s5, s6, s7, s8 and 21 more');
  const [planned] = await jsonOf(orchestration('chain', ...many));
  expect(planned?.plan?.failures[0]?.skips).toHaveLength(29);
});

describe('a plan of a graph with conditions and inputs', () => {
  const ship = orchestration(
    'ship',
    '{ name: build, kind: ToolRun, toolRef: { name: t } }',
    '{ name: deploy, kind: ToolRun, toolRef: { name: t }, dependsOn: [build], when: parameters.env == "prod", with: { image: "${{ steps.build.outputs.image }} to ${{ parameters.env }} by ${{ run.orchestration }}" } }',
    '{ name: undo, kind: ToolRun, toolRef: { name: t }, dependsOn: [deploy], runIf: Failed }',
    '{ name: mark, kind: Checkpoint, dependsOn: [undo], runIf: Always }',
  );

  test('tells them, with the values that are known, and what a failure starts', async () => {
    const { stdout } = await planOf(ship, '-p', 'env=prod');
    expect(stdout).toContain(`
  deploy: when parameters.env == "prod"
  undo: runIf Failed
  mark: runIf Always
  deploy: with.image: \${{ steps.build.outputs.image }} to prod by ship, known only when it runs: steps.build.outputs.image
  if build fails, that skips 1: deploy, and starts undo
  if deploy fails, that skips nothing, and starts undo
`);
    const [planned] = await jsonOf(ship);
    expect(planned?.plan?.conditions[0]).toEqual({
      step: 'deploy',
      runIf: 'Succeeded',
      when: 'parameters.env == "prod"',
    });
    expect(planned?.inputs).toMatchObject([{ open: ['steps.build.outputs.image', 'parameters.env'] }]);
  });

  test('says that a run fails with parameters that the Orchestration does not allow', async () => {
    const declared = `${ship}  policies: { parameters: { env: { enum: [dev, prod] }, tag: { required: true } } }\n`;
    const { exitCode, stdout } = await planOf(declared, '-p', 'env=live');
    expect(exitCode).toBe(1);
    expect(stdout).toContain(`
  a run with these parameters fails: parameter "env" is "live", not one of "dev", "prod"
  a run with these parameters fails: parameter "tag" is required and absent: give it a value
`);
    expect(await planOf(declared)).toMatchObject({ exitCode: 0 });
  });

  test('simulates a run in which a step fails', async () => {
    const { stdout } = await planOf(ship, '--fail', 'deploy');
    expect(stdout).toContain(`  simulated, the run ends Failed: "deploy" failed: fails in this simulation
    build Succeeded
    deploy Failed: fails in this simulation
    undo Succeeded
    mark Succeeded
    deploy: when depends on parameters.env; assumed to be true, see --when deploy=false
    deploy: with.image depends on steps.build.outputs.image, parameters.env; assumed to be valid
`);
  });

  test('simulates a run whose conditions are decided, and one that is cancelled', async () => {
    expect((await planOf(ship, '--when', 'deploy=false')).stdout).toContain('    deploy Skipped: when is false');
    expect((await planOf(ship, '--cancel', 'build')).stdout).toContain(
      'the run ends Cancelled: the run was cancelled: "build", "deploy", "undo"\n    build Cancelled',
    );
  });

  test('simulates nothing that cannot be, and says why', async () => {
    const args = ['--fail', 'deplyo', '--fail', 'mark', '--when', 'build=true', '--cancel', 'mark'];
    expect(await planOf(ship, ...args)).toEqual({
      exitCode: 2,
      stdout: '',
      stderr: [
        'plan: no step is named "deplyo"; did you mean deploy?',
        'plan: step "mark" cannot fail: it succeeds at once',
        'plan: step "build" has no when',
        'plan: step "mark" cannot be cancelled: it succeeds at once\n',
      ].join('\n'),
    });
    expect((await planOf(ship, '--when', 'deploy')).stderr).toContain('expected STEP=true or STEP=false');
  });
});

test('tells what would be refused in place of a plan, and ends with 1', async () => {
  const broken = orchestration('broken', '{ name: a, kind: Checkpoint, dependsOn: [b] }');
  const { exitCode, stdout } = await planOf(broken);
  expect([exitCode, stdout]).toEqual([
    1,
    'Orchestration ci/broken would be refused\n  spec.steps[0].dependsOn[0]: no step is named "b": there is no other step\n',
  ]);
});

test.each([
  [['--name', 'relaese'], 'no Orchestration is named "relaese"; did you mean "release"?'],
  [['--server'], 'there is no cluster here'],
])('with %j where that cannot be, ends with 2 and says why', async (args, why) => {
  const outcome = planOf(release, ...args).catch((error: Error) => ({
    exitCode: 2,
    stdout: '',
    stderr: error.message,
  }));
  expect(await outcome).toMatchObject({ exitCode: 2, stderr: expect.stringContaining(why) });
});

test('leaves nothing unprintable of hostile names, and no line that begins with one', async () => {
  const hostile = JSON.stringify('\u001b[2J\r\n::error::x');
  const { stdout } = await planOf(orchestration('x', `{ name: ${hostile}, kind: Checkpoint }`));
  expect(stdout).not.toMatch(/(?! |\n)[\p{C}\p{Z}]/u);
  expect(stdout.split('\n').filter((line) => line.trimStart().startsWith('::'))).toEqual([]);
});

describe('an edit', () => {
  const changes = (before: object[], after: object[]) => {
    const decode = (steps: object[]) => decodeOrchestration({ spec: { steps } }).orchestration;
    return compareOrchestrations(decode(before), decode(after));
  };
  const step = (name: string, fields: object = {}) => ({ name, kind: 'Checkpoint', ...fields });
  const nothing = { added: [], removed: [], changed: [], fields: [] };

  test('that only moves steps changes nothing', () => {
    const [a, b] = [step('a', { dependsOn: [] }), step('b', { dependsOn: ['a'] })];
    expect(changes([a, b], [b, a])).toEqual(nothing);
  });

  test('is told by steps, edges and fields', () => {
    const before = [step('a'), step('b'), step('c', { with: { x: '1' } })];
    const after = [step('a', { dependsOn: [] }), step('c', { dependsOn: ['a'], with: { x: '2' } }), step('d')];
    expect(changes(before, after)).toEqual({
      ...nothing,
      added: ['d'],
      removed: ['b'],
      changed: [{ step: 'c', waitsAlsoFor: ['a'], waitsNoLongerFor: ['b'], fields: ['with'] }],
    });
  });

  test('tells edges that nobody wrote: the sequential default that a first dependsOn ends', () => {
    const before = [step('a'), step('b'), step('c')];
    expect(changes(before, [step('a'), step('b'), step('c', { dependsOn: ['b'] })]).changed).toEqual([
      { step: 'b', waitsAlsoFor: [], waitsNoLongerFor: ['a'], fields: [] },
    ]);
  });
});
