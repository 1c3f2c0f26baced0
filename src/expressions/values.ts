import { displayName, quoteName } from '../dag/display.ts';
import { bounds } from './bounds.ts';
import { Failure } from './failure.ts';
import type { Slot } from './slots.ts';
import type { RunField, Source } from './sources.ts';

/** The values that an expression is evaluated with. */
export interface Values {
  readonly parameters: Readonly<Record<string, string>>;
  /** `deliveryId` is empty if the run has none. */
  readonly run: Readonly<Record<RunField, string>>;
  /** Finds a final ancestor of the step. Undefined for any other name. */
  readonly steps: (name: string) => StepValue | undefined;
  /** The object that carried out the step, as parsed JSON. Integers beyond 2^53 have already lost digits in it. */
  readonly child?: unknown;
}

export interface StepValue {
  readonly phase: string;
  readonly reason: string;
  readonly attempt: number;
  readonly outputs: Readonly<Record<string, string>>;
}

/** The variables of one evaluation. A variable is read when the library asks for it, and each time that it asks. */
export class Variables extends Map<string, unknown> {
  readonly #slots: ReadonlyMap<string, Slot>;
  readonly #values: Values;
  /** Whether has() tests the output somewhere in the expression. */
  readonly #isTested: (step: string, output: string) => boolean;
  /** Units that may still be read. */
  #left: number = bounds.allValues;

  constructor(slots: ReadonlyMap<string, Slot>, values: Values, isTested: (step: string, output: string) => boolean) {
    super();
    this.#slots = slots;
    this.#values = values;
    this.#isTested = isTested;
  }

  /** If the other side of `&&` or `||` decides, the library ignores a failure, so call this at the end too. */
  checkCost(): void {
    if (this.#left < 0)
      throw new Failure(
        'the expression reads too many or too large values: a loop reads its values again in each pass, so read fewer of them in the loop',
      );
  }

  override get(alias: string): unknown {
    const content = this.#slots.get(alias)?.content;
    if (content === undefined) return undefined;
    if (content.type === 'Pattern') return content.pattern;
    if (content.type === 'Test') return hasSource(content.source, this.#values);
    this.checkCost();
    const value = this.#read(content.source);
    const sized = toCel(value, bounds.value, 0);
    this.#left -= bounds.value - sized.left;
    this.checkCost();
    if (sized.left < 0) {
      throw new Failure(
        `${displaySource(content.source)} is larger than ${bounds.value / 1024} KiB, or nested too deep`,
      );
    }
    return sized.value;
  }

  #read(source: Source): unknown {
    const value = readValue(source, this.#values);
    if (value !== undefined) return value;
    if (source.type === 'Parameter') throw new Failure(`the run has no parameter ${quoteName(source.name)}`);
    if (source.type === 'Child')
      throw new Failure(`the child has no ${displaySource(source).replace(/^child\.?/, '')}`.trim());
    if (source.type === 'Run') throw new Failure(`the run has no ${source.field}`);
    const step = this.#values.steps(source.step);
    if (step === undefined) throw new Failure(`${quoteName(source.step)} is not an ancestor that has ended`);
    if (source.type === 'Step') throw new Failure(`the step ${quoteName(source.step)} has no ${source.field}`);
    if (step.phase === 'Succeeded') {
      throw new Failure(`the step ${quoteName(source.step)} has no output ${quoteName(source.output)}`);
    }
    const state = step.reason === '' ? step.phase : `${step.phase}, ${step.reason}`;
    const message = `the step ${quoteName(source.step)} did not succeed (${displayName(state)}), so it has no output ${quoteName(source.output)}`;
    throw new Failure(message, !this.#isTested(source.step, source.output));
  }
}

/** Whether has() is true: the value exists and, for a field that always exists, is not empty. */
function hasSource(source: Source, values: Values): boolean {
  const value = readValue(source, values);
  return value !== undefined && (source.type === 'Parameter' || source.type === 'Output' || value !== '');
}

/** Looks at own properties only. Undefined if anything on the way is missing. */
function readValue(source: Source, values: Values): unknown {
  switch (source.type) {
    case 'Parameter':
      return readOwn(values.parameters, source.name);
    case 'Run':
      return readOwn(values.run, source.field);
    case 'Step':
      return readOwn(values.steps(source.step), source.field);
    case 'Output': {
      const step = values.steps(source.step);
      return step?.phase === 'Succeeded' ? readOwn(step.outputs, source.output) : undefined;
    }
    case 'Child':
      return source.path.reduce(readOwn, values.child);
  }
}

function readOwn(value: unknown, key: string | number): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value) !== (typeof key === 'number'))
    return undefined;
  return Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
}

/** Writes a source as it is in an expression, printable and short. */
export function displaySource(source: Source): string {
  switch (source.type) {
    case 'Parameter':
      return `parameters${displayKey(source.name)}`;
    case 'Run':
      return `run.${source.field}`;
    case 'Step':
      return `steps.${displayName(source.step)}.${source.field}`;
    case 'Output':
      return `steps.${displayName(source.step)}.outputs${displayKey(source.output)}`;
    case 'Child':
      return `child${source.path.slice(0, 8).map(displayKey).join('')}`;
  }
}

function displayKey(key: string | number): string {
  if (typeof key === 'number') return `[${key}]`;
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(key) ? `.${displayName(key)}` : `[${quoteName(key)}]`;
}

interface Sized {
  readonly value: unknown;
  /** The units that are left. Negative if the value is too large or nested too deep. */
  readonly left: number;
}

/**
 * Copies JSON into values that the library takes: Maps, which have no prototype to reach, and integers of 64 bits for
 * numbers that are safe integers. It stops as soon as the units are used up.
 */
function toCel(value: unknown, units: number, depth: number): Sized {
  if (typeof value === 'string') return { value, left: units - value.length };
  if (typeof value === 'number') return { value: Number.isSafeInteger(value) ? BigInt(value) : value, left: units - 1 };
  if (typeof value === 'boolean' || value === null) return { value, left: units - 1 };
  if (typeof value !== 'object' || depth === bounds.valueDepth) return { value: null, left: -1 };
  let left = units;
  const copied: [string, unknown][] = [];
  for (const key of Object.keys(value)) {
    const inside = toCel((value as Record<string, unknown>)[key], left - key.length - bounds.entry, depth + 1);
    left = inside.left;
    if (left < 0) break;
    copied.push([key, inside.value]);
  }
  return { value: Array.isArray(value) ? copied.map(([, inside]) => inside) : new Map(copied), left };
}
