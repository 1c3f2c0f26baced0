import type { Outcome } from '../orchestration/kinds/kind.ts';
import type { Outputs } from '../orchestration/outputs.ts';
import type { Pass } from './pass.ts';

/** The outputs of an attempt, undefined if there are none, or why the attempt fails. */
export interface Collected {
  readonly outputs?: Outputs;
  readonly failure?: string;
}

/**
 * Returns the outputs of an attempt that succeeded: those that its child gives by itself.
 */
export function collectOutputs(pass: Pass, { outputs }: Extract<Outcome, { state: 'Succeeded' }>): Collected {
  if (outputs === undefined) return {};
  const excess = pass.makeRoom(outputs);
  return excess === undefined ? { outputs } : { failure: excess };
}
