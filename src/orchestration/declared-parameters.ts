import { listNames, quoteName } from '../dag/display.ts';
import { suggestName } from '../dag/suggest.ts';
import { compilePattern } from '../expressions/pattern.ts';
import { asRecord, type Orchestration } from './decode.ts';
import { createGuess, declarationFields, MOST_GUESSED } from './fields.ts';
import { type Finding, gather, type Report } from './problem.ts';
import { findMisfits, type Shape } from './shapes.ts';
import { judgePolicies, UNKNOWN_FIELD } from './unknown-fields.ts';

/** What `policies.parameters` declares about one parameter. A run can carry parameters that are not declared. */
export interface DeclaredParameter {
  /** If there is also a default, a run can leave the parameter out. */
  readonly required?: boolean;
  readonly default?: string;
  /** The valid values. */
  readonly enum?: readonly string[];
  /** An RE2 pattern. A part of the value must match it, as in JSON Schema: only `^` and `$` anchor it. */
  readonly pattern?: string;
  readonly description?: string;
}

export type DeclaredParameters = ReadonlyMap<string, DeclaredParameter>;

type Parameters = Readonly<Record<string, string>>;

/** The agents chart's CRD allows an AgentRun 100 parameters. */
export const MOST_DECLARED = 100;
const MOST_VALUES = 256;
const LONGEST_PATTERN = 256;
/**
 * These two bound the time that matching can take, because it grows with both: the parts of all patterns of an
 * Orchestration, and the characters of a value that has a pattern. Matching one part with one character takes about 0.1
 * µs, so the slowest patterns take 0.1 s.
 */
const MOST_PARTS = 2000;
export const LONGEST_MATCHED = 512;

const declarationShape: Shape = {
  type: 'object',
  properties: {
    required: { type: 'boolean' },
    default: { type: 'string' },
    enum: { type: 'array', maxItems: MOST_VALUES, items: { type: 'string' } },
    pattern: { type: 'string', maxLength: LONGEST_PATTERN },
    description: { type: 'string' },
  },
};

/** What `policies.parameters` holds. */
export const declarationsShape: Shape = { type: 'object', additionalProperties: declarationShape };

const INVALID_FIELD = 'InvalidField';
const PLACE = ['spec', 'policies', 'parameters'];

/** Returns the declared parameters. A malformed declaration declares its name and nothing else. Compiles no pattern. */
export function readDeclared({ policies }: Pick<Orchestration, 'policies'>): DeclaredParameters {
  const isWellFormed = (value: unknown): value is DeclaredParameter =>
    findMisfits(declarationShape, value, 1).length === 0;
  const entries = Object.entries(asRecord(policies['parameters']));
  return new Map(entries.map(([name, value]) => [name, isWellFormed(value) ? value : {}]));
}

/** Finds the mistakes in the declarations. For each code, it returns the first `most`. */
export function checkDeclarations({ policies }: Pick<Orchestration, 'policies'>, most: number): readonly Finding[] {
  const { parameters } = policies;
  if (parameters === undefined || parameters === null) return [];
  // Even listing the names of 300,000 declarations takes long, so they are counted before anything else.
  const count = Object.keys(asRecord(parameters)).length;
  if (count > MOST_DECLARED) {
    const describe = () => `declares ${count} parameters, and at most ${MOST_DECLARED} are allowed`;
    return [gather(INVALID_FIELD, most, (report) => report(PLACE, describe))];
  }
  const found = [
    gather(INVALID_FIELD, most, (report) => {
      for (const { path, describe } of findMisfits(declarationsShape, parameters, Infinity))
        report([...PLACE, ...path], describe);
      checkValues(readDeclared({ policies }), report);
    }),
    gather(UNKNOWN_FIELD, most, (report) => {
      const guess = createGuess(declarationFields);
      for (const [name, declaration] of Object.entries(asRecord(parameters)))
        judgePolicies(asRecord(declaration), declarationFields, [...PLACE, name], report, guess);
    }),
  ];
  return found.filter((finding) => finding.count > 0);
}

function checkValues(declared: DeclaredParameters, report: Report): void {
  const compile = createCompiler();
  for (const [name, declaration] of declared) {
    const { default: value, enum: values, pattern } = declaration;
    if (values?.length === 0) report([...PLACE, name, 'enum'], () => 'is empty: list at least one value');
    const compiled = compile(pattern);
    if (compiled !== undefined && 'mistake' in compiled) report([...PLACE, name, 'pattern'], () => compiled.mistake);
    const violation = value === undefined ? undefined : findViolation(declaration, value, compiled);
    if (violation !== undefined) report([...PLACE, name, 'default'], violation);
  }
}

type Compiled = ReturnType<typeof compilePattern>;

/** Creates a function that compiles patterns as long as all of them together are small enough. */
function createCompiler(): (text: string | undefined) => Compiled | undefined {
  let left = MOST_PARTS;
  return (text) => {
    if (text === undefined) return undefined;
    const pattern = compilePattern(text);
    if ('mistake' in pattern) return pattern;
    left -= pattern.size;
    return left < 0 ? { mistake: 'is too large together with the other patterns: use smaller counts' } : pattern;
  };
}

/**
 * Returns what is wrong with the parameters of a run, one sentence for each parameter in the order of the declarations,
 * which is alphabetical in an object that the API server returned.
 * Cost: the patterns, bounded as above; of undeclared parameters, only the first are compared.
 */
export function checkParameters(declared: DeclaredParameters, given: Parameters): readonly string[] {
  const compile = createCompiler();
  const misspelt = new Map(findMisspelt(declared, given).map(([found, meant]) => [meant, found]));
  return [...declared].flatMap(([name, declaration]) => {
    const subject = `parameter ${quoteName(name)}`;
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    if (value !== undefined) {
      const violation = findViolation(declaration, value, compile(declaration.pattern));
      return violation === undefined ? [] : [`${subject} ${violation()}`];
    }
    if (declaration.required !== true || declaration.default !== undefined) return [];
    const found = misspelt.get(name);
    const fix = found === undefined ? 'give it a value' : `rename ${quoteName(found)}, which is not declared`;
    return [`${subject} is required and absent: ${fix}`];
  });
}

/** Returns one sentence for each parameter that is not declared and resembles one that is declared and absent. */
export function suggestParameters(declared: DeclaredParameters, given: Parameters): readonly string[] {
  return findMisspelt(declared, given).map(
    ([found, meant]) => `parameter ${quoteName(found)} is not declared; did you mean ${quoteName(meant)}?`,
  );
}

function findMisspelt(declared: DeclaredParameters, given: Parameters): readonly (readonly [string, string])[] {
  const absent = [...declared.keys()].filter((name) => !Object.hasOwn(given, name));
  if (absent.length === 0) return [];
  const undeclared = Object.keys(given).filter((name) => !declared.has(name));
  return undeclared.slice(0, MOST_GUESSED).flatMap((name) => {
    const meant = suggestName(name, absent);
    return meant === undefined ? [] : [[name, meant] as const];
  });
}

/** A value that violates both enum and pattern is one mistake. Every value matches a malformed pattern. */
function findViolation(
  { enum: values, pattern = '' }: DeclaredParameter,
  value: string,
  compiled: Compiled | undefined,
): (() => string) | undefined {
  if (values !== undefined && values.length > 0 && !values.includes(value)) {
    return () => `is ${quoteName(value)}, not one of ${listNames(values)}${guess(value, values)}`;
  }
  if (compiled === undefined || 'mistake' in compiled) return undefined;
  if (value.length > LONGEST_MATCHED) {
    return () =>
      `has ${value.length} characters, but at most ${LONGEST_MATCHED} are allowed if the parameter has a pattern`;
  }
  return compiled.matches(value)
    ? undefined
    : () => `is ${quoteName(value)}, which does not match the pattern ${quoteName(pattern)}`;
}

function guess(value: string, values: readonly string[]): string {
  const meant = suggestName(value, values);
  return meant === undefined ? '' : `; did you mean ${quoteName(meant)}?`;
}

/** Returns the parameters of a run with the defaults of those that it leaves out. */
export function withDefaults(declared: DeclaredParameters, given: Parameters): Parameters {
  const defaults = [...declared].flatMap(([name, { default: value }]) =>
    value === undefined || Object.hasOwn(given, name) ? [] : [[name, value] as const],
  );
  return defaults.length === 0 ? given : { ...Object.fromEntries(defaults), ...given };
}
