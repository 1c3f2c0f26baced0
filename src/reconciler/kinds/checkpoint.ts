import type { ImmediateKind } from './kind.ts';

/** Marks a place in the graph. */
export const checkpoint: ImmediateKind = { type: 'Immediate', message: 'a checkpoint does nothing but mark its place' };
