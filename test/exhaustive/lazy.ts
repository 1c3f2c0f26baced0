import type { Step } from '../../src/orchestration/schema.ts';
import type { RunIf } from '../reconciler/invariants/moment.ts';
import type { Menu } from './moves.ts';

/** The ApprovalPolicy that the first step waits for, where the menu has decisions. */
export const POLICY = 'board';

/** What has been chosen of a step so far. */
export interface Choice {
  readonly retries?: number;
  readonly continueOnFailure?: boolean;
  readonly runIf?: RunIf;
  readonly when?: string;
  readonly timeoutSeconds?: number;
  readonly pendingTimeoutSeconds?: number;
}

export type Choices = readonly Choice[];

type Field = keyof Choice;

/**
 * Steps whose flags are chosen only when somebody reads them: until then all values of a flag are one and the same state.
 * Reading a flag that has not been chosen throws, and `resolve` goes through all its values.
 */
export interface LazySteps {
  readonly steps: readonly Step[];
  readonly none: Choices;
  /** At most one step of the run may have a retry. */
  readonly hasOneRetry: boolean;
  current: Choices;
}

const VALUES: { readonly [F in Field]: readonly NonNullable<Choice[F]>[] } = {
  retries: [0, 1],
  continueOnFailure: [false, true],
  runIf: ['Succeeded', 'Failed', 'Always'],
  when: ['true', 'false', '1 / 0 == 0'],
  timeoutSeconds: [0, 60],
  pendingTimeoutSeconds: [0, 60],
};

/** An agent whose work does not matter. */
const AGENT = { kind: 'AgentRun', agentRef: { name: 'any' }, implementation: { inline: { text: 'Work.' } } } as const;

class Undecided extends Error {
  readonly index: number;
  readonly field: Field;
  constructor(index: number, field: Field) {
    super(`${field} of step ${index} was read`);
    this.index = index;
    this.field = field;
  }
}

export function createLazySteps(
  graph: readonly (readonly number[])[],
  {
    hours = 0,
    retries,
    timeouts,
    runIf = false,
    when = false,
    tolerance,
    sweep = false,
    decisions,
    startsLate = false,
  }: Menu,
): LazySteps {
  const fields: readonly Field[] = [
    ...(tolerance === false ? [] : (['continueOnFailure'] as const)),
    ...(retries === false ? [] : (['retries'] as const)),
    ...(runIf ? (['runIf'] as const) : []),
    ...(when ? (['when'] as const) : []),
    ...(hours > 0 && timeouts !== false ? (['timeoutSeconds'] as const) : []),
    ...(hours > 0 && startsLate ? (['pendingTimeoutSeconds'] as const) : []),
  ];
  const nameOf = (index: number) => String.fromCharCode(97 + index);
  const steps = graph.map((dependencies, index): Step => {
    const step: Step = {
      name: nameOf(index),
      ...(decisions !== undefined && index === 0
        ? { kind: 'ApprovalGate', policyRef: POLICY }
        : sweep
          ? AGENT
          : { kind: 'ToolRun', toolRef: { name: nameOf(index) } }),
      dependsOn: dependencies.map(nameOf),
    };
    for (const field of fields) Object.defineProperty(step, field, { get: () => read(index, field) });
    return step;
  });
  const none: Choices = graph.map(() => ({}));
  const lazy: LazySteps = { steps, none, hasOneRetry: retries === 'one', current: none };
  function read(index: number, field: Field) {
    const chosen = lazy.current[index]?.[field];
    if (chosen === undefined) throw new Undecided(index, field);
    return chosen;
  }
  return lazy;
}

/** Returns the results of `go`, for every value of every flag that it is the first to read. */
export function resolve<Result>(lazy: LazySteps, choices: Choices, go: (choices: Choices) => Result): Result[] {
  lazy.current = choices;
  try {
    return [go(choices)];
  } catch (error) {
    if (!(error instanceof Undecided)) throw error;
    const { index, field } = error;
    return valuesOf(lazy, choices, index, field).flatMap((value) =>
      resolve(lazy, choices.with(index, { ...choices[index], [field]: value }), go),
    );
  }
}

function valuesOf(
  { hasOneRetry, steps }: LazySteps,
  choices: Choices,
  index: number,
  field: Field,
): readonly (number | boolean | string)[] {
  // The gate denies runIf: Failed of a step without dependencies.
  if (field === 'runIf' && steps[index]?.dependsOn?.length === 0) return ['Succeeded', 'Always'];
  const isTaken = hasOneRetry && field === 'retries' && choices.some(({ retries }) => retries === 1);
  return isTaken ? [0] : VALUES[field];
}
