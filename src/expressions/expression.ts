import type { Environment, ParseResult } from '@marcbachmann/cel-js';
import { bounds } from './bounds.ts';
import { Failure } from './failure.ts';
import { createLanguage } from './language.ts';
import { type Mistake, mistakeAt, type Span } from './mistake.ts';
import { compilePattern } from './pattern.ts';
import { renderValue } from './render.ts';
import { scanExpression } from './scan.ts';
import { toMistake, toSentence } from './sentences.ts';
import type { FindPattern, Slot } from './slots.ts';
import type { ScopeOptions, Source, Variable } from './sources.ts';
import { tokenize } from './tokens.ts';
import { type Values, Variables } from './values.ts';

/**
 * What the expressions of one Orchestration share: the library's tables, compiled patterns, and bounds on all of them
 * together. Make one for each Orchestration and set of variables.
 */
export interface Scope {
  readonly variables: readonly Variable[];
  readonly steps: ReadonlySet<string>;
  /** Takes this many UTF-16 units from those that can still be compiled. Returns false if there are too few. */
  readonly spend: (units: number) => boolean;
  /** Whether nothing more can be compiled. */
  readonly isSpent: () => boolean;
  readonly language: () => Environment;
  readonly findPattern: FindPattern;
}

/** A value that an expression reads, and the place where it reads it. */
export type Reading = { readonly span: Span } & (
  | Exclude<Source, { type: 'Output' | 'Child' }>
  /** `isTested`: has() tests this output, here or elsewhere in the expression. */
  | (Extract<Source, { type: 'Output' }> & { readonly isTested: boolean })
);

export interface Expression {
  readonly text: string;
  readonly wanted: Wanted;
  /** In the order of the text. A value that is read twice is listed twice. */
  readonly readings: readonly Reading[];
  readonly slots: ReadonlyMap<string, Slot>;
  readonly run: ParseResult;
}

/** The type of a result: true or false, or what can be rendered as text (string, number, bool, list, map). */
export type Wanted = 'Boolean' | 'String';

export type Compiled = { readonly expression: Expression } | { readonly mistakes: readonly Mistake[] };

export type Evaluated =
  /** Strings, bigints, numbers, booleans, arrays, and maps as Maps or objects: `renderValue` writes them. */
  | { readonly type: 'Value'; readonly value: unknown }
  /** The expression reads an output of a step that did not succeed, and no has() tests that output. */
  | { readonly type: 'Absent'; readonly message: string }
  | { readonly type: 'Error'; readonly message: string };

export function createScope({ variables, steps }: ScopeOptions): Scope {
  let language: Environment | undefined;
  let textLeft: number = bounds.scopeText;
  let patternsLeft: number = bounds.scopePatterns;
  const patterns = new Map<string, ReturnType<typeof compilePattern>>();
  return {
    variables,
    steps: new Set(steps),
    spend: (units) => {
      textLeft -= Math.max(units, bounds.least);
      return textLeft >= 0;
    },
    isSpent: () => textLeft < 0,
    language: () => {
      language ??= createLanguage();
      return language;
    },
    findPattern: (text) => {
      const known = patterns.get(text);
      if (known !== undefined) return known;
      if (patternsLeft <= 0) return { mistake: 'the patterns of this Orchestration are too large together' };
      const pattern = compilePattern(text);
      patternsLeft -= 'size' in pattern ? pattern.size : text.length;
      patterns.set(text, pattern);
      return pattern;
    },
  };
}

export const TOO_MUCH = `the expressions and placeholders of this Orchestration are too many or too large: together they may have ${bounds.scopeText} characters, and each counts ${bounds.least} at least`;

/**
 * Compiles a CEL expression, or returns what is wrong with it: each name and function that does not exist, or else the
 * first error of syntax or type. A step that is not declared is not a mistake here: it is a reading like any other.
 * Takes about ten microseconds for forty characters.
 */
export function compileExpression(text: string, scope: Scope, wanted: Wanted): Compiled {
  if (!scope.spend(text.length)) return { mistakes: [mistakeAt(0, text.length, TOO_MUCH)] };
  const { tokens, mistakes } = tokenize(text, scope.steps);
  if (mistakes.length > 0) return { mistakes };
  if (tokens.length === 0) return { mistakes: [mistakeAt(0, text.length, 'the expression is empty')] };
  const scanned = scanExpression(text, tokens, scope.variables, scope.findPattern);
  if (scanned.mistakes.length > 0) return { mistakes: scanned.mistakes };
  const origin = { text, slots: scanned.slots };
  try {
    const run = scope.language().parse(scanned.rewritten);
    const { type, error } = run.check();
    if (error !== undefined) return { mistakes: [toMistake(error, origin)] };
    const message = findWrongType(type ?? 'dyn', wanted);
    if (message !== undefined) return { mistakes: [mistakeAt(0, text.length, message)] };
    const slots = new Map(scanned.slots.map((slot) => [slot.alias, slot]));
    return { expression: { text, wanted, readings: toReadings(scanned.slots), slots, run } };
  } catch (error) {
    return { mistakes: [toMistake(error, origin)] };
  }
}

function findWrongType(type: string, wanted: Wanted): string | undefined {
  if (type.startsWith('dyn')) return undefined;
  if (wanted === 'Boolean') return type === 'bool' ? undefined : `a condition is true or false, and this is ${type}`;
  return /^(?:string|int|double|bool|list|map)\b/.test(type) ? undefined : `${type} cannot be written as text`;
}

function toReadings(slots: readonly Slot[]): Reading[] {
  const tested = findTested(slots);
  return slots.flatMap(({ content, span }): Reading[] => {
    if (content.type === 'Pattern' || content.source.type === 'Child') return [];
    const { source } = content;
    return [
      source.type === 'Output'
        ? { ...source, isTested: tested(source.step, source.output), span }
        : { ...source, span },
    ];
  });
}

function findTested(slots: Iterable<Slot>): (step: string, output: string) => boolean {
  const tests = [...slots].flatMap(({ content }) => (content.type === 'Test' ? [content.source] : []));
  return (step, output) =>
    tests.some((source) => source.type === 'Output' && source.step === step && source.output === output);
}

/**
 * Evaluates an expression. It reads only the values that decide the result, and not the right side of `false && …`.
 * Never throws.
 */
export function evaluate(expression: Expression, values: Values): Evaluated {
  const { text, slots, wanted, run } = expression;
  try {
    const variables = new Variables(slots, values, findTested(slots.values()));
    const value: unknown = run(variables);
    variables.checkCost();
    if (wanted === 'String') renderValue(value);
    else if (typeof value !== 'boolean') throw new Failure('the result is neither true nor false');
    return { type: 'Value', value };
  } catch (error) {
    const message = toSentence(error, { text, slots: [...slots.values()] });
    return { type: error instanceof Failure && error.isAbsent ? 'Absent' : 'Error', message };
  }
}
