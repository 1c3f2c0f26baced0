import type { Orchestration } from '../../src/orchestration/decode.ts';
import type { RunStatus } from '../../src/orchestration/run-status.ts';

type Step = Orchestration['steps'][number];

const toolRun = (name: string, dependsOn: readonly string[], rest: Partial<Step> = {}): Step => ({
  name,
  kind: 'ToolRun',
  toolRef: { name: 'echo' },
  dependsOn: [...dependsOn],
  ...rest,
});
const agentRun = (name: string, dependsOn: readonly string[], rest: Partial<Step> = {}): Step => ({
  name,
  kind: 'AgentRun',
  agentRef: { name: 'coder' },
  implementation: { inline: { text: name } },
  dependsOn: [...dependsOn],
  ...rest,
});

export const POLICY = 'board';
export const SIGNAL = 'go';

/** Ten steps in which everything happens that can: a retry, a tolerated failure, a timeout, a diamond, all kinds of gates. */
export const mixedSteps: readonly Step[] = [
  toolRun('build', []),
  toolRun('flaky', ['build'], { retries: 1 }),
  agentRun('lint', ['build'], { continueOnFailure: true }),
  toolRun('merge', ['flaky', 'lint']),
  { name: 'approve', kind: 'ApprovalGate', policyRef: POLICY, dependsOn: ['merge'] },
  { name: 'signal', kind: 'SignalWait', signalRef: { name: SIGNAL }, dependsOn: ['merge'] },
  { name: 'mark', kind: 'Checkpoint', dependsOn: ['approve', 'signal'] },
  toolRun('slow', ['build'], { timeoutSeconds: 1 }),
  toolRun('report', ['slow']),
  agentRun('deploy', ['mark']),
];

/** How a child of the mixed run ends; undefined if it hangs. Attempts count from 1. */
export function outcomeOf(step: string, attempt: number): 'Succeeded' | 'Failed' | undefined {
  if (step === 'slow') return undefined;
  return step === 'lint' || (step === 'flaky' && attempt === 1) ? 'Failed' : 'Succeeded';
}

/** How its steps must end: phase, reason, attempt. */
export const mixedEnd: readonly string[] = [
  'build Succeeded Completed 1',
  'flaky Succeeded Completed 2',
  'lint Failed ChildFailed 1',
  'merge Succeeded Completed 1',
  'approve Succeeded Completed 1',
  'signal Succeeded Completed 1',
  'mark Succeeded Completed 1',
  'slow Failed StepTimedOut 1',
  'report Skipped DependencyFailed 0',
  'deploy Succeeded Completed 1',
];

/** The parts of a run's end that tests compare. */
export function endOf({ stepStatuses }: RunStatus): string[] {
  return stepStatuses.map(({ name, phase, reason, attempt }) => `${name} ${phase} ${reason} ${attempt}`);
}
