import type { ImmediateKind } from './kind.ts';

/** Kept for manifests written for the agents chart, whose controller does nothing here either. */
export const memoryOp: ImmediateKind = {
  type: 'Immediate',
  name: 'MemoryOp',
  does: 'does nothing here',
  needs: [],
  fields: {},
  message: 'memory operations are not carried out here',
};
