import { Environment, EvaluationError } from '@marcbachmann/cel-js';
import { bounds } from './bounds.ts';
import { INT } from './calls.ts';
import { Pattern } from './pattern.ts';

const MOST_INT = 2n ** 63n - 1n;
const LEAST_INT = -(2n ** 63n);
/** The types of the variables, by the prefixes that slots.ts gives to their names. */
const TYPES = { _s: 'string', _i: 'int', _d: 'dyn', _b: 'bool' } as const;

/**
 * Creates CEL with the variables of slots.ts, and nothing else to read. This takes half a millisecond, so make one for
 * many expressions.
 */
export function createLanguage(): Environment {
  const language = new Environment({
    homogeneousAggregateLiterals: false,
    limits: { maxAstNodes: bounds.nodes, maxDepth: 2 * bounds.depth, maxCallArguments: 4 },
  });
  const sync = { async: false };
  language.registerType('Pattern', Pattern);
  language.registerFunction('string.matches(Pattern): bool', matches, sync);
  for (const type of ['int', 'double', 'string']) language.registerFunction(`${INT}(${type}): int`, toInt, sync);
  for (let index = 0; index < bounds.readings; index++) {
    for (const [letter, type] of Object.entries(TYPES)) language.registerVariable(letter + index.toString(36), type);
  }
  for (let index = 0; index < bounds.patterns; index++) language.registerVariable(`_p${index.toString(36)}`, 'Pattern');
  return language;
}

function matches(text: string, pattern: Pattern): boolean {
  return pattern.matches(text);
}

/** Cuts off the fraction of a double. */
function toInt(value: bigint | number | string): bigint {
  const isNumber = typeof value === 'string' ? /^[-+]?[0-9]{1,19}$/.test(value) : Number.isFinite(Number(value));
  if (!isNumber) throw new EvaluationError({ code: 'int_conversion_error', message: 'no integer' });
  const int = BigInt(
    typeof value === 'number' ? Math.trunc(value) : typeof value === 'string' ? value.replace('+', '') : value,
  );
  if (int <= MOST_INT && int >= LEAST_INT) return int;
  throw new EvaluationError({ code: 'numeric_overflow', message: 'integer overflow' });
}
