import type { ImmediateKind } from './kind.ts';

export const checkpoint: ImmediateKind = {
  type: 'Immediate',
  name: 'Checkpoint',
  does: 'marks a place in the graph',
  needs: [],
  fields: {},
  message: 'a Checkpoint step only marks a place in the graph',
};
