import { type Compiled, compileExpression, createScope } from '../expressions/expression.ts';
import { asRecord, isRecord, type Orchestration } from './decode.ts';
import { readWhole } from './durations.ts';
import { concurrencyFields } from './fields.ts';
import { type Finding, gather } from './problem.ts';
import { findMisfits, type Shape } from './shapes.ts';
import { judgePolicies, UNKNOWN_FIELD } from './unknown-fields.ts';

/** What a run does if its group has no free place: it waits, it fails, or it replaces older runs of the group. */
const whenFulls = ['Queue', 'Fail', 'Replace'] as const;

export type WhenFull = (typeof whenFulls)[number];

/** `policies.concurrency`: how many runs of a group can work at the same time. */
export interface Concurrency {
  /** 1 or more. */
  readonly max: number;
  /** An expression over `parameters` and `run`. Without it, the group is the name of the Orchestration. */
  readonly group?: string;
  readonly whenFull: WhenFull;
}

/** The most places of a group, so that one page of a list has all of them. */
export const MOST_PLACES = 500;

/** What `policies.concurrency` holds. */
export const concurrencyShape: Shape = {
  type: 'object',
  properties: {
    max: { type: 'integer', minimum: 1 },
    group: { type: 'string', minLength: 1 },
    whenFull: { type: 'string', enum: whenFulls },
  },
};

const INVALID_FIELD = 'InvalidField';

/** Where the policy is. */
export const CONCURRENCY = ['spec', 'policies', 'concurrency'] as const;

/**
 * Reads the policy. Undefined if there is none. The gate denies malformed values, and a run with them fails at its
 * start. Here they count as absent, so that a run never works without a place.
 */
export function readConcurrency({ policies }: Pick<Orchestration, 'policies'>): Concurrency | undefined {
  const { concurrency } = policies;
  if (concurrency === undefined || concurrency === null) return undefined;
  const { max, group, whenFull } = asRecord(concurrency);
  return {
    max: Math.min(MOST_PLACES, Math.max(1, readWhole(max) ?? 1)),
    ...(typeof group === 'string' && { group }),
    whenFull: whenFulls.find((value) => value === whenFull) ?? 'Queue',
  };
}

/** Compiles an expression for a group. It can read only what is known before the first step. */
export function compileGroup(group: string): Compiled {
  return compileExpression(group, createScope({ variables: ['parameters', 'run'], steps: [] }), 'String');
}

/** Finds the mistakes in the policy, except those of the expression. For each code, it returns the first `most`. */
export function checkConcurrency({ policies }: Pick<Orchestration, 'policies'>, most: number): readonly Finding[] {
  const { concurrency } = policies;
  if (concurrency === undefined || concurrency === null) return [];
  const found = [
    gather(INVALID_FIELD, most, (report) => {
      for (const { path, describe } of findMisfits(concurrencyShape, concurrency, Infinity))
        report([...CONCURRENCY, ...path], describe);
      const { max } = asRecord(concurrency);
      if (Number(max) > MOST_PLACES)
        report([...CONCURRENCY, 'max'], () => `is ${Number(max)}, and must be at most ${MOST_PLACES}`);
    }),
    gather(UNKNOWN_FIELD, most, (report) => {
      if (isRecord(concurrency)) judgePolicies(concurrency, concurrencyFields, CONCURRENCY, report);
    }),
  ];
  return found.filter(({ count }) => count > 0);
}
