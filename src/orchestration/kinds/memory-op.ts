import type { ImmediateKind } from './kind.ts';

/**
 * Exists for manifests that were written for the agents chart. The controller of the chart does nothing for this kind
 * either.
 */
export const memoryOp: ImmediateKind = {
  type: 'Immediate',
  name: 'MemoryOp',
  does: 'succeeds at once and does nothing',
  needs: [],
  fields: {},
  message: 'this reconciler does not execute memory operations',
};
