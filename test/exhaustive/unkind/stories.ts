import type { Step } from '../../../src/orchestration/schema.ts';
import { NAMESPACE, TOOL_RUNS } from '../../support/model/engine.ts';
import { quota } from '../../support/model/laws.ts';
import { tool } from '../../support/model/play.ts';
import type { SimulationOptions } from '../../support/model/simulation.ts';

/** A run that is disturbed in every way at every call, and how it ends undisturbed. */
export interface Story
  extends Pick<SimulationOptions, 'orchestrations' | 'outcomeOf' | 'lingersMs' | 'keepsMs' | 'laws'> {
  readonly title: string;
  /** How the steps of the run `main` end: phase and reason. */
  readonly ends: readonly string[];
  /** Waiting costs an attempt here, so a disturbance that makes the run wait may change how its steps end. */
  readonly isTimed?: boolean;
}

const sub = (name: string, dependsOn: readonly string[], rest: Partial<Step> = {}): Step => ({
  name,
  kind: 'SubOrchestration',
  orchestrationRef: { name: 'inner' },
  dependsOn: [...dependsOn],
  ...rest,
});
const agent = (name: string, dependsOn: readonly string[], rest: Partial<Step> = {}): Step => ({
  name,
  kind: 'AgentRun',
  agentRef: { name: 'coder' },
  implementation: { inline: { text: name } },
  dependsOn: [...dependsOn],
  ...rest,
});

export const stories: readonly Story[] = [
  {
    title: 'a nested run that goes as soon as it has finished',
    orchestrations: {
      main: { steps: [sub('nested', [], { retries: 1 }), tool('after', ['nested'])], policies: {} },
      inner: { steps: [tool('x', [], { retries: 1 }), tool('y', ['x'])], policies: { ttlSecondsAfterFinished: 0 } },
    },
    outcomeOf: (step, nth) => (step === 'x' && nth === 1 ? 'Failed' : 'Succeeded'),
    ends: ['nested Succeeded Completed', 'after Succeeded Completed'],
  },
  {
    title: 'a nested run that times out, and whose child is slow to go',
    orchestrations: {
      main: { steps: [sub('nested', [], { retries: 1, timeoutSeconds: 60 }), tool('after', ['nested'])], policies: {} },
      inner: { steps: [tool('x', [])], policies: { ttlSecondsAfterFinished: 0 } },
    },
    outcomeOf: (step, nth) => (step === 'x' && nth === 1 ? undefined : 'Succeeded'),
    lingersMs: (step) => (step === 'x' ? 45_000 : 0),
    ends: ['nested Succeeded Completed', 'after Succeeded Completed'],
    isTimed: true,
  },
  {
    title: 'a diamond of two kinds before a signal, with a bound on its time and its life',
    orchestrations: {
      main: {
        steps: [
          tool('a', []),
          agent('b', ['a']),
          tool('c', ['a'], { continueOnFailure: true }),
          tool('d', ['b', 'c']),
          { name: 'signal', kind: 'SignalWait', deliveryId: 'go', dependsOn: ['d'] },
        ],
        policies: { timeouts: { totalSeconds: 1800 }, ttlSecondsAfterFinished: 7200 },
      },
    },
    outcomeOf: (step) => (step === 'c' ? 'Failed' : 'Succeeded'),
    ends: [
      'a Succeeded Completed',
      'b Succeeded Completed',
      'c Failed ChildFailed',
      'd Succeeded Completed',
      'signal Succeeded Completed',
    ],
  },
  {
    title: 'agents that others delete as soon as they have finished',
    orchestrations: {
      main: {
        steps: [
          agent('a', []),
          agent('b', ['a'], { retries: 1 }),
          agent('hung', [], { timeoutSeconds: 60, continueOnFailure: true }),
          agent('c', ['b', 'hung']),
        ],
        policies: {},
      },
    },
    outcomeOf: (step, nth) => (step === 'hung' ? undefined : step === 'b' && nth === 1 ? 'Failed' : 'Succeeded'),
    keepsMs: 0,
    lingersMs: (step) => (step === 'hung' ? 5_000 : 0),
    ends: ['a Succeeded Completed', 'b Succeeded Completed', 'hung Failed StepTimedOut', 'c Succeeded Completed'],
    isTimed: true,
  },
  {
    title: 'a quota of one, held by a child that times out',
    orchestrations: {
      main: { steps: [tool('hung', [], { timeoutSeconds: 60 }), tool('waits', []), agent('other', [])], policies: {} },
    },
    outcomeOf: (step) => (step === 'hung' ? undefined : 'Succeeded'),
    keepsMs: 120_000,
    laws: [quota(NAMESPACE, TOOL_RUNS, 2)], // one is somebody else’s
    ends: ['hung Failed StepTimedOut', 'waits Succeeded Completed', 'other Succeeded Completed'],
    isTimed: true,
  },
];
