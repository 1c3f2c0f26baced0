import { isRunFinal, type RunStatus, type StepPhase } from '../../src/orchestration/run-status.ts';
import { startAgentsController } from '../../test/support/agents-controller.ts';
import { startReconciler } from '../../test/support/reconciler.ts';
import { kubectl } from './commands.ts';
import { follow } from './follow.ts';
import type { Command, Step } from './step.ts';

const release = `
apiVersion: orchestration.proompteng.ai/v1alpha1
kind: Orchestration
metadata: {name: release-shop}
spec:
  steps:
    - {name: build, kind: ToolRun, dependsOn: [], toolRef: {name: build}}
    - {name: test, kind: ToolRun, dependsOn: [build], toolRef: {name: test}, retries: 1, retryBackoffSeconds: 1}
    - name: report
      kind: AgentRun
      dependsOn: [build]
      continueOnFailure: true
      agentRef: {name: writer}
      implementationSpecRef: {name: summarise}
    - {name: approve, kind: ApprovalGate, dependsOn: [test, report], policyRef: production}
    - {name: publish, kind: ToolRun, dependsOn: [approve], toolRef: {name: publish}}
---
apiVersion: orchestration.proompteng.ai/v1alpha1
kind: OrchestrationRun
metadata: {name: release-shop-1}
spec:
  orchestrationRef: {name: release-shop}
---
apiVersion: approvals.proompteng.ai/v1alpha1
kind: ApprovalPolicy
metadata: {name: production}
spec: {mode: manual}
`;

const diamondRun = `
apiVersion: orchestration.proompteng.ai/v1alpha1
kind: OrchestrationRun
metadata: {name: publish-shop-1}
spec:
  orchestrationRef: {name: publish-shop}
`;

/** The CRDs of the kinds that steps create and wait for. */
const agentsCrds = ['agentruns', 'toolruns', 'approvalpolicies', 'signaldeliveries'].flatMap((name) => [
  '-f',
  `test/fixtures/agents-crds/${name}.yaml`,
]);

/** The messages of failed attempts, by run and step. All other attempts succeed. */
const endings: Readonly<Record<string, readonly (string | undefined)[]>> = {
  'publish-shop-1/test': ['2 of 318 tests failed'],
  'release-shop-1/test': ['the browser did not start'],
  'release-shop-1/report': ['the writer is out of words'],
};
/** The step that runs until it is stopped. */
const endless = 'fix-issue-1234/implement';

const startRuns: Command = {
  shown: [
    '# AGENTS_ORCHESTRATION_CONTROLLER_ENABLED=true orchestration-gate reconcile --kubeconfig …',
    '# and a stand-in for the controllers that execute AgentRuns and ToolRuns',
  ].join('\n'),
  perform: async ({ cluster, ends }) => {
    const agents = startAgentsController(cluster, 'default', ({ run, step, attempt }) => {
      if (`${run}/${step}` === endless) return undefined;
      const message = endings[`${run}/${step}`]?.[attempt - 1];
      return { phase: message === undefined ? 'Succeeded' : 'Failed', afterMs: 700, ...(message && { message }) };
    });
    ends.defer(agents.stop);
    const reconciler = await startReconciler(cluster, { ownNamespace: 'default' });
    ends.defer(reconciler.stop);
    return { exitCode: 0, output: '' };
  },
};

const isStep = (name: string, phase: StepPhase) => (status: RunStatus) =>
  status.stepStatuses.some((step) => step.name === name && step.phase === phase);

/** What `make run` shows about runs, after what it shows about the gate. */
export const runsTour: readonly Step[] = [
  {
    title: 'The agents chart brings the kinds that steps create and wait for; here are their CRDs',
    command: kubectl(['apply', ...agentsCrds]),
    told: 'created',
    prints: Array<string>(agentsCrds.length / 2).fill('.proompteng.ai created'),
  },
  {
    title: 'The reconciler starts, and finds a run that waits since it was created',
    command: startRuns,
    told: 'started',
    prints: [],
  },
  {
    command: follow('fix-issue-1234', isStep('implement', 'Running')),
    told: 'one step at a time, since no step has dependsOn',
    prints: ['Running, 1 of 3 steps done', '✓ Succeeded plan', '▶ Running   implement', '· Pending   notify'],
  },
  {
    title: 'A run that is cancelled ends at once',
    command: kubectl(['annotate', 'orchestrationrun', 'fix-issue-1234', 'orchestration.proompteng.ai/cancel=true']),
    told: 'requested',
    prints: ['fix-issue-1234 annotated'],
  },
  {
    command: follow('fix-issue-1234', isRunFinal),
    told: 'the running step is stopped, and the step that succeeded stays Succeeded',
    prints: ['Cancelled', '✓ Succeeded plan', '⊘ Cancelled implement', '⊘ Cancelled notify'],
  },
  {
    title: 'In a diamond, one branch fails',
    command: kubectl(['create', '-f', '-'], diamondRun),
    told: 'created',
    prints: ['publish-shop-1 created'],
  },
  {
    command: follow('publish-shop-1', isRunFinal),
    told: 'the other branch continues; the step that needs both is skipped, and says why',
    prints: [
      '(StepFailed: "test" failed: 2 of 318 tests failed)',
      '✓ Succeeded build',
      '✓ Succeeded lint',
      '✗ Failed    test',
      '↷ Skipped   publish  dependency test failed: 2 of 318 tests failed',
    ],
  },
  {
    title: 'One step is retried, one may fail, and one waits for an approval',
    command: kubectl(['create', '-f', '-'], release),
    told: 'created',
    prints: ['release-shop created', 'release-shop-1 created', 'production created'],
  },
  {
    command: follow('release-shop-1', isStep('approve', 'Running')),
    told: 'the second attempt of test succeeded; report failed, which is tolerated',
    prints: [
      'Running, 3 of 5 steps done',
      '✓ Succeeded build',
      '✓ Succeeded test',
      'tolerated  the writer is out of words',
      '▶ Running   approve',
      '· Pending   publish',
    ],
  },
  {
    command: kubectl([
      ...['patch', 'approvalpolicy', 'production', '--subresource=status', '--type=merge'],
      ...['-p', '{"status": {"phase": "Approved"}}'],
    ]),
    told: 'approved',
    prints: ['production patched'],
  },
  {
    command: follow('release-shop-1', isRunFinal),
    told: 'the run has succeeded',
    prints: [
      'ignored failures: 1 of 5 steps',
      '✓ Succeeded build',
      '✓ Succeeded test',
      '✗ Failed    report',
      '✓ Succeeded approve',
      '✓ Succeeded publish',
    ],
  },
  {
    title: 'kubectl shows all runs in one table',
    command: kubectl(['get', 'orchestrationruns']),
    told: 'the progress, the outcome and its reason',
    prints: [
      'NAME',
      'fix-issue-1234   Cancelled   3 of 3 steps done: 1 succeeded, 2 cancelled           RunCancelled ',
      'publish-shop-1   Failed      4 of 4 steps done: 2 succeeded, 1 failed, 1 skipped   StepFailed ',
      'release-shop-1   Succeeded   5 of 5 steps done: 4 succeeded, 1 failed              CompletedWithIgnoredFailures ',
    ],
  },
  {
    command: kubectl(['get', 'orchestrations']),
    told: 'the Orchestration from before the gate is marked Invalid',
    prints: [
      'NAME ',
      'fix-issue      Ready     True ',
      'legacy         Invalid   False ',
      'publish-shop   Ready     True ',
      'release-shop   Ready     True ',
    ],
  },
];
