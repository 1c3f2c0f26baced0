import { quoteName } from '../dag/display.ts';
import type { Step as GraphStep } from '../dag/graph.ts';
import { isRecord, type Orchestration } from './decode.ts';
import { createGuess, type FieldTable, type Guess, MOST_GUESSED, policyFields } from './fields.ts';
import type { StepKinds } from './kinds/step-kinds.ts';
import { collect, type Found, type Path, type Report } from './problem.ts';
import { listLacking } from './references.ts';
import type { Step } from './schema.ts';

export const UNKNOWN_FIELD = 'UnknownField';

const DEPENDS_ON = 'dependsOn';

/** Steps, and what decides when they start and which of their fields are read. */
interface Declared {
  readonly steps: readonly Step[];
  /** The gate wrote all `dependsOn` as the sequential default. The author declared none. */
  readonly isDefaulted: boolean;
  readonly kinds: StepKinds;
}

/**
 * Finds the fields of steps and policies that are not read but resemble a field that is read. A field that resembles
 * none is foreign: another program can read it.
 */
export function findUnknownFields(
  { steps, policies, isDefaulted, kinds }: Orchestration & Declared,
  most: number,
): Found {
  return collect(most, (report) => {
    judgePolicies(policies, policyFields, ['spec', 'policies'], report);
    const guess = createGuess(kinds.fields);
    for (let index = 0; index < steps.length; index++) judgeStep({ steps, isDefaulted, kinds }, index, guess, report);
  });
}

/** Returns the field of a step that is not read and resembles `wanted`. */
export function misspelling(
  step: Step,
  wanted: string,
  known: FieldTable,
  guess: Guess = createGuess(known),
): string | undefined {
  for (const field in step) if (!known.fields.has(field) && guess(field) === wanted) return field;
  return undefined;
}

/** Whether any step misspells `dependsOn`, so that its author may have meant another graph. */
export function misspellsDependsOn(steps: readonly Step[], known: FieldTable): boolean {
  const guess = createGuess(known);
  return steps.some((step) => misspelling(step, DEPENDS_ON, known, guess) !== undefined);
}

/**
 * Returns the steps for the graph rules. If other steps declare `dependsOn`, a step that misspells it counts as
 * declaring it. The misspelled field is already reported, so the graph rules must not report a second problem.
 */
export function declareMisspelt(steps: readonly Step[], known: FieldTable): readonly GraphStep[] {
  if (isSequential(steps)) return steps;
  const guess = createGuess(known);
  const isMisspelt = (step: Step) =>
    step.dependsOn === undefined && misspelling(step, DEPENDS_ON, known, guess) !== undefined;
  return steps.map((step) => (isMisspelt(step) ? { name: step.name, dependsOn: [] } : step));
}

function isSequential(steps: readonly Step[]): boolean {
  return steps.every(({ dependsOn }) => dependsOn === undefined);
}

function judgeStep(declared: Declared, index: number, guess: Guess, report: Report): void {
  const { steps, isDefaulted, kinds } = declared;
  const { fields } = kinds.fields;
  const step = steps[index] as Step;
  let lacking: readonly string[] | undefined;
  for (const field in step) {
    if (fields.has(field)) continue;
    const meant = guess(field);
    if (meant === undefined) continue;
    // MissingStepReference reports a missing field that the step needs.
    lacking ??= listLacking(step, kinds.get(step.kind)).flat();
    if (lacking.includes(meant)) continue;
    report(['spec', 'steps', index, field], () => {
      const { without = describeOrder(declared, index) } = fields.get(meant) ?? {};
      const isThere = step[meant] !== undefined && !(meant === DEPENDS_ON && isDefaulted);
      return describeUnknown(meant, isThere ? undefined : without);
    });
  }
}

/**
 * Reports the fields of `policies`, or of a record inside it, that resemble a field of the table. Records with the same
 * table can share a guess, so that no list of records makes a decision slow.
 */
export function judgePolicies(
  record: Readonly<Record<string, unknown>>,
  table: FieldTable,
  path: Path,
  report: Report,
  guess = createGuess(table),
): void {
  let unknown = 0;
  for (const field in record) {
    const known = table.fields.get(field);
    if (known === undefined && ++unknown > MOST_GUESSED) return;
    const inside = known?.inside && record[field];
    if (known?.inside !== undefined && isRecord(inside)) judgePolicies(inside, known.inside, [...path, field], report);
    const meant = known === undefined ? guess(field) : undefined;
    if (meant !== undefined) report([...path, field], () => describePolicy(record, field, table, meant));
  }
}

/** If the misspelled field holds a single value, the suggestion is the inner field, such as `timeouts.totalSeconds`. */
function describePolicy(
  record: Readonly<Record<string, unknown>>,
  field: string,
  { fields }: FieldTable,
  meant: string,
): string {
  const { without, inside } = fields.get(meant) ?? {};
  const [inner, { without: ofInner = '' } = {}] = [...(inside?.fields ?? [])][0] ?? [];
  const wanted = inner === undefined || isRecord(record[field]) ? meant : `${meant}.${inner}`;
  return describeUnknown(wanted, record[meant] === undefined ? (without ?? ofInner) : undefined);
}

/** `without` is the effect of the missing field. Undefined if the known field is present too. */
function describeUnknown(meant: string, without: string | undefined): string {
  const unread = 'the API server stores this field, but it has no effect';
  return without === undefined
    ? `${unread}, and ${meant} is set too: remove this one`
    : `${unread}; did you mean ${meant}? Without it, ${without}`;
}

/** Describes when a step without `dependsOn` starts. */
function describeOrder({ steps, isDefaulted }: Declared, index: number): string {
  if (!isDefaulted && !isSequential(steps)) return 'this step starts at once';
  const before = steps[index - 1]?.name;
  return before === undefined ? 'this step starts first' : `this step starts after ${quoteName(before)}`;
}
