import type {
  BoxView,
  Entry,
  LogMessage,
  Message,
  OfferedAction,
  OrchestrationView,
  Picture,
  RunEvents,
  RunView,
  StepView,
} from '../../src/ui/page/protocol.ts';
import { drawPicture } from '../../src/ui/picture.ts';
import type { Script } from './played-page.ts';
import { tool } from './stand-in.ts';

const MINUTE = 60_000;

/** A picture of steps, with their raw names. */
export function drawSteps(steps: readonly { readonly name: string }[]): Picture {
  const picture = drawPicture({ metadata: { name: 'o', namespace: 'ci' }, spec: { steps } });
  const boxes = picture.boxes.map((box, at): BoxView => ({ ...box, name: steps[at]?.name ?? box.label }));
  return { ...picture, boxes };
}

/** The state of a step. */
export function viewStep(index: number, phase: StepView['phase'], fields: Partial<StepView> = {}): StepView {
  return {
    ...{ index, phase, isIgnored: false, why: [], because: [], reason: '', mostAttempts: 1 },
    attempt: phase === 'Pending' || phase === 'Skipped' ? 0 : 1,
    ...fields,
  };
}

/** A run as the page is told of it. */
export function viewRun(name: string, fields: Partial<RunView> = {}): RunView {
  return {
    ...{ name, orchestration: 'release', phase: 'Running', message: '', createdAt: '2026-01-01T00:00:00Z' },
    ...{ parameters: [], isSuspended: false, isCancelled: false, conditions: [] },
    command: `kubectl describe --context prod --namespace ci -- orchestrationrun.orchestration.proompteng.ai ${name}`,
    ...fields,
  };
}

/** An Orchestration as the page is told of it. */
function viewOrchestration(name: string, fields: Partial<OrchestrationView> = {}): OrchestrationView {
  return {
    ...{ name, phase: 'Ready', message: '', createdAt: '2026-01-01T00:00:00Z', parameters: [], conditions: [] },
    command: `kubectl describe --namespace ci -- orchestration.orchestration.proompteng.ai ${name}`,
    ...fields,
  };
}

/** All messages about a selected run. */
export function showRun(
  run: RunView,
  picture: Picture,
  changed: readonly StepView[],
  actions: readonly OfferedAction[] = [],
): Message[] {
  return [
    { type: 'Run', run },
    { type: 'Picture', picture },
    { type: 'Steps', changed },
    { type: 'Actions', actions },
  ];
}

const releaseSteps = [
  tool('checkout'),
  tool('build-api', ['checkout'], { outputs: { image: 'child.outputs.image' } }),
  tool('build-web', ['checkout']),
  tool('lint', ['checkout'], { continueOnFailure: true }),
  tool('unit-tests', ['build-api'], { retries: 2 }),
  tool('integration-tests', ['build-api', 'build-web'], { with: { image: '${{ steps["build-api"].outputs.image }}' } }),
  tool('security-scan', ['build-web', 'lint']),
  tool('package', ['unit-tests', 'integration-tests']),
  { name: 'approve', kind: 'ApprovalGate', approvers: { count: 2 }, dependsOn: ['security-scan'] },
  { name: 'deploy-staging', kind: 'SubOrchestration', orchestrationRef: { name: 'deploy' }, dependsOn: ['approve'] },
  tool('notify', ['lint']),
];

function child(kind: string, name: string, isRun = false) {
  const command = `kubectl describe --context prod --namespace ci -- ${kind.toLowerCase()} ${name}`;
  return { kind, name, command, ...(isRun && { isRun: true as const }) };
}

/** Eleven steps, one in each state that there is. */
function viewRelease(nowMs: number): StepView[] {
  const at = (minutes: number) => new Date(nowMs - minutes * MINUTE).toISOString();
  const ended = (start: number, end: number) => ({ startedAt: at(start), finishedAt: at(end), reason: 'Completed' });
  return [
    viewStep(0, 'Succeeded', { ...ended(12, 11), attempt: 0, inheritedFrom: 'release-1040', reason: 'Inherited' }),
    viewStep(1, 'Succeeded', {
      ...ended(11, 8),
      outputs: [{ name: 'image', value: 'registry/shop:1041', isCut: true }],
    }),
    viewStep(2, 'Succeeded', ended(11, 9)),
    viewStep(3, 'Failed', { ...ended(11, 10), isIgnored: true, reason: 'ChildFailed', why: ['3 problems in src/api'] }),
    viewStep(4, 'Running', {
      ...{ startedAt: at(2), reason: 'Started', attempt: 3, mostAttempts: 3, hasLogs: true },
      why: ['Attempt 3 runs as ToolRun "release-1041-unit-tests-3".'],
      child: child('ToolRun', 'release-1041-unit-tests-3'),
      previousAttempts: [1, 2].map((attempt) => ({
        ...{ attempt, reason: 'ChildFailed', message: 'connection to the database was refused' },
        ...{ startedAt: at(8 - attempt * 2), finishedAt: at(7 - attempt * 2) },
        child: child('ToolRun', `release-1041-unit-tests-${attempt}`),
      })),
    }),
    viewStep(5, 'Failed', {
      ...{ ...ended(8, 6), reason: 'ChildFailed', why: ['exit 1: 2 of 48 tests failed'], hasLogs: true },
      child: child('ToolRun', 'release-1041-integration-tests-1'),
    }),
    viewStep(6, 'Succeeded', ended(9, 5)),
    viewStep(7, 'Skipped', {
      ...{
        reason: 'DependencyFailed',
        why: ['Skipped because "integration-tests" failed: exit 1: 2 of 48 tests failed'],
      },
      because: [{ word: 'failed dependency and root cause', index: 5 }],
    }),
    viewStep(8, 'Running', {
      ...{ startedAt: at(5), reason: 'ApprovalPending', why: ['It waits for 2 approvals, and has 1.'] },
      approvals: [{ user: 'bob@example.org', isApproved: true, at: at(3), comment: 'Looks good.\nShip it.' }],
    }),
    viewStep(9, 'Pending', { why: ['Waits for "approve".'], because: [{ word: 'waits for', index: 8 }] }),
    viewStep(10, 'Retrying', {
      startedAt: at(9),
      nextRetryAt: at(-3),
      mostAttempts: 5,
      why: ['exit 7'],
      reason: 'ChildFailed',
    }),
  ];
}

const words = {
  cancel: 'Steps that run are ended, and the cleanup steps run. This cannot be undone.',
  suspend: 'Running steps continue. No other step starts until the run is resumed.',
  approve: 'The step "approve" has 1 of 2 approvals. With yours it opens.',
  deny: 'The step "approve" fails, whatever others have decided.',
};

/** A run in which everything happens at once. */
function playRelease(nowMs: number): Message[] {
  const at = (minutes: number) => new Date(nowMs - minutes * MINUTE).toISOString();
  const run = viewRun('release-1041', {
    ...{ message: '6 of 11 steps done', createdAt: at(13), startedAt: at(12), createdBy: 'alice@example.org' },
    ...{ resumes: 'release-1040', deliveryId: 'github-4711' },
    parameters: [
      { name: 'version', value: '1.41.0' },
      { name: 'notes', value: 'Fixes the cart.\nUpdates all dependencies.', isCut: true },
    ],
    conditions: [
      { type: 'Progressing', status: 'True', reason: 'StepsRunning', message: '6 of 11 steps done', changedAt: at(1) },
      { type: 'Ready', status: 'True', reason: 'Running', message: 'The run is under way.', changedAt: at(12) },
    ],
  });
  return showRun(run, drawSteps(releaseSteps), viewRelease(nowMs), [
    { verb: 'approve', step: 'approve', consequence: words.approve },
    { verb: 'deny', step: 'approve', consequence: words.deny },
    { verb: 'suspend', consequence: words.suspend },
    { verb: 'cancel', consequence: words.cancel },
  ]);
}

/** A run that has ended with a failure, which can be continued. */
function playFailed(nowMs: number): Message[] {
  const at = (minutes: number) => new Date(nowMs - minutes * MINUTE).toISOString();
  const times = { createdAt: at(100), startedAt: at(100), finishedAt: at(90) };
  const run = viewRun('release-1040', { ...times, phase: 'Failed', message: 'step "build" failed' });
  const steps = [tool('checkout'), tool('build', ['checkout']), tool('test', ['build']), tool('notify', ['checkout'])];
  const ended = { startedAt: at(100), finishedAt: at(95), reason: 'Completed' };
  return showRun(
    run,
    drawSteps(steps),
    [
      viewStep(0, 'Succeeded', ended),
      viewStep(1, 'Failed', { ...ended, why: ['exit 2'], reason: 'ChildFailed' }),
      viewStep(2, 'Skipped', { why: ['Skipped because "build" failed: exit 2'], reason: 'DependencyFailed' }),
      viewStep(3, 'Succeeded', ended),
    ],
    [{ verb: 'rerun', consequence: 'A new run inherits 2 steps of release-1040 and carries out the others.' }],
  );
}

const parameters = [
  { name: 'version', isRequired: true, pattern: '^\\d+\\.\\d+\\.\\d+$', description: 'The version that is released.' },
  {
    name: 'target',
    isRequired: false,
    default: 'staging',
    enum: ['staging', 'production'],
    description: 'Where it goes.',
  },
  { name: 'notes', isRequired: false },
];

function playOrchestration(): Message[] {
  const conditions = [
    { type: 'Ready', status: 'True', reason: 'Valid', message: 'It can run.', changedAt: '2026-01-01T00:00:00Z' },
  ];
  return [
    { type: 'Orchestration', orchestration: viewOrchestration('release', { parameters, conditions }) },
    { type: 'Picture', picture: drawSteps(releaseSteps) },
    { type: 'Actions', actions: [{ verb: 'run', consequence: 'A run of release starts in namespace ci.' }] },
  ];
}

function playBroken(): Message[] {
  const steps = [
    tool('checkout'),
    tool('test', ['checkout', 'approve']),
    tool('deploy', ['test']),
    tool('approve', ['deploy', 'relase']),
  ];
  return [
    {
      type: 'Orchestration',
      orchestration: viewOrchestration('broken', { phase: 'Invalid', message: 'It has 2 problems.' }),
    },
    { type: 'Picture', picture: drawSteps(steps) },
    { type: 'Actions', actions: [] },
  ];
}

/** Names of right-to-left scripts, of emoji that are many characters, and of great length. */
export const oddNames = [
  'בדיקות',
  '👨‍👩‍👧‍👦 family',
  `long-${'name-'.repeat(24)}end`,
  'a\u202eb',
  '<img src=x onerror=alert(1)>',
];

/** A run whose steps have odd names. */
function playOdd(): Message[] {
  const run = viewRun(`odd-${'n'.repeat(240)}`);
  const steps = oddNames.map((name, at) => tool(name, at === 0 ? [] : [oddNames[0] ?? '']));
  return showRun(
    run,
    drawSteps(steps),
    steps.map((_, at) => viewStep(at, at === 0 ? 'Succeeded' : 'Running', { startedAt: '2026-01-01T00:00:00Z' })),
  );
}

/** A chain of so many steps, half of them done. */
export function playChain(count: number): Message[] {
  const steps = Array.from({ length: count }, (_, at) => tool(`step-${at}`, at === 0 ? [] : [`step-${at - 1}`]));
  const at = '2026-01-01T00:00:00Z';
  const ended = { startedAt: at, finishedAt: at };
  return showRun(
    viewRun('chain'),
    drawSteps(steps),
    steps.map((_, index) => (index < count / 2 ? viewStep(index, 'Succeeded', ended) : viewStep(index, 'Pending'))),
  );
}

const PHASES = ['Succeeded', 'Succeeded', 'Succeeded', 'Failed', 'Succeeded', 'Cancelled', 'Succeeded'];

/** Runs that have ended, the newest first, five minutes apart. */
export function endedRuns(count: number, nowMs: number): Entry[] {
  return Array.from({ length: count }, (_, at): Entry => {
    const createdAt = nowMs - (at + 21) * 5 * MINUTE;
    const phase = PHASES[at % PHASES.length] ?? 'Succeeded';
    const failed = phase === 'Failed' ? 1 : 0;
    return {
      ...{ kind: 'OrchestrationRun', name: `release-${String(1039 - at).replace('-', 'old-')}`, phase, createdAt },
      ...{ startedAt: createdAt + 1_000, finishedAt: createdAt + 60_000 + ((at * 7919) % 240_000) },
      orchestration: at % 3 === 0 ? 'deploy' : 'release',
      labels: { team: at % 2 === 0 ? 'web' : 'api' },
      steps: { total: 11, succeeded: 11 - 2 * failed, failed, skipped: failed },
    };
  });
}

/** Everything that the page can show. */
export function playAll(nowMs: number, runs = 200): Script {
  const at = (minutes: number) => nowMs - minutes * MINUTE;
  const run = (name: string, fields: Partial<Extract<Entry, { kind: 'OrchestrationRun' }>> = {}): Entry => ({
    ...{ kind: 'OrchestrationRun', name, orchestration: 'release', phase: 'Running', createdAt: at(13) },
    ...{ startedAt: at(12), steps: { total: 11, succeeded: 4, failed: 2, skipped: 1, running: 3 } },
    ...fields,
  });
  const ended = { createdAt: at(100), startedAt: at(100), finishedAt: at(90) };
  return {
    entries: [
      run('release-1041', {
        waitsForApproval: ['approve'],
        labels: { team: 'web', tier: 'gold' },
        resumes: 'release-1040',
      }),
      run('release-1041-deploy-1', {
        orchestration: 'deploy',
        parent: 'release-1041',
        createdAt: at(14),
        steps: { total: 2, running: 1 },
      }),
      run('release-1041-deploy-1-smoke', {
        orchestration: 'smoke',
        parent: 'release-1041-deploy-1',
        createdAt: at(15),
      }),
      run(`odd-${'n'.repeat(240)}`, { createdAt: at(16) }),
      run('chain', {
        createdAt: at(17),
        orchestration: 'chain',
        steps: { total: 1000, succeeded: 500 },
        isSuspended: true,
      }),
      run('release-1040', { ...ended, phase: 'Failed', steps: { total: 4, succeeded: 2, failed: 1, skipped: 1 } }),
      ...endedRuns(runs, nowMs),
      { kind: 'Orchestration', name: 'broken', phase: 'Invalid', createdAt: at(9_000) },
      {
        ...{ kind: 'Orchestration', name: 'release', phase: 'Ready', createdAt: at(90_000) },
        runs: { total: 136, active: 1, last: 'release-1041', ended: { succeeded: 36, failed: 7, cancelled: 7 } },
      },
      { kind: 'Orchestration', name: 'deploy', phase: 'Ready', createdAt: at(90_000) },
    ],
    objects: {
      'OrchestrationRun/release-1041': playRelease(nowMs),
      'OrchestrationRun/release-1040': playFailed(nowMs),
      [`OrchestrationRun/odd-${'n'.repeat(240)}`]: playOdd(),
      'OrchestrationRun/chain': playChain(1_000),
      'OrchestrationRun/release-1041-deploy-1': showRun(
        viewRun('release-1041-deploy-1', { parent: 'release-1041', orchestration: 'deploy' }),
        drawSteps([tool('roll-out'), tool('smoke', ['roll-out'])]),
        [viewStep(0, 'Running'), viewStep(1, 'Pending')],
      ),
      'Orchestration/release': playOrchestration(),
      'Orchestration/broken': playBroken(),
    },
    logs: playLogs(),
    events: playEvents(nowMs),
    namespaces: { namespaces: ['ci', 'production', 'staging'] },
  };
}

function playLogs(): LogMessage[] {
  const lines = Array.from({ length: 60 }, (_, at) => [
    `\x1b[2m12:00:${String(at).padStart(2, '0')}\x1b[0m test cart ${at} \x1b[32mpassed\x1b[0m in ${at * 3} ms`,
    ...(at === 40
      ? ['\x1b[1;31mFAIL\x1b[0m \x1b[33mcheckout\x1b[0m: connection to \x1b[4mdatabase:5432\x1b[24m was refused']
      : []),
    ...(at === 41
      ? ['\x1b[38;5;208m  at Cart.pay\x1b[0m (src/cart.ts:48:12) \x1b[48;5;52m\x1b[97m timeout \x1b[0m']
      : []),
  ]).flat();
  return [
    {
      ...{ type: 'Source', source: 0, pod: 'release-1041-unit-tests-3-x7k2p', container: 'tool' },
      command: 'kubectl logs --context prod --namespace ci --follow release-1041-unit-tests-3-x7k2p --container tool',
    },
    { type: 'Lines', source: 0, lines },
  ];
}

function playEvents(nowMs: number): RunEvents {
  const at = (minutes: number) => new Date(nowMs - minutes * MINUTE).toISOString();
  const of = (step: string) => ({ kind: 'ToolRun', name: `release-1041-${step}-1`, step });
  return {
    events: [
      {
        ...{ type: 'Normal', reason: 'ApprovalPending', message: 'Step "approve" waits for 2 approvals.', count: 1 },
        ...{ kind: 'OrchestrationRun', name: 'release-1041', firstAt: at(5), lastAt: at(5) },
      },
      {
        ...{
          type: 'Warning',
          reason: 'BackoffLimitExceeded',
          message: 'Job has reached the specified backoff limit',
          count: 3,
        },
        ...{ ...of('integration-tests'), firstAt: at(8), lastAt: at(6) },
      },
      {
        ...{ type: 'Normal', reason: 'JobCreated', message: 'Created the Job release-1041-deploy-1-push.', count: 1 },
        ...{ ...of('deploy-staging/push'), name: 'release-1041-deploy-1-push', firstAt: at(11), lastAt: at(11) },
      },
      {
        ...{ type: 'Normal', reason: 'RunStarted', message: 'The run follows release as it is now.', count: 1 },
        ...{ kind: 'OrchestrationRun', name: 'release-1041', firstAt: at(12), lastAt: at(12) },
      },
    ],
  };
}
