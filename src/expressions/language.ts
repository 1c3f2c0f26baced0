import { Environment } from '@marcbachmann/cel-js';
import { bounds } from './bounds.ts';
import { Failure } from './failure.ts';
import { Pattern } from './pattern.ts';
import { INT, toAlias } from './scan.ts';

const MOST_INT = 2n ** 63n - 1n;
const LEAST_INT = -(2n ** 63n);

/** CEL with the variables that stand for sources. It takes a fraction of a millisecond to make, so make one a scope. */
export function createLanguage(): Environment {
  const language = new Environment({
    homogeneousAggregateLiterals: false,
    limits: { maxAstNodes: bounds.nodes, maxDepth: 2 * bounds.depth, maxCallArguments: 4 },
  });
  language.registerType('Pattern', Pattern);
  const sync = { async: false };
  language.registerFunction('string.matches(Pattern): bool', matches, sync);
  language.registerFunction(`${INT}(int): int`, toInt, sync);
  language.registerFunction(`${INT}(double): int`, toInt, sync);
  language.registerFunction(`${INT}(string): int`, toInt, sync);
  const types = { _s: 'string', _i: 'int', _d: 'dyn', _b: 'bool' };
  for (let index = 0; index < bounds.readings; index++) {
    for (const [letter, type] of Object.entries(types)) language.registerVariable(letter + index.toString(36), type);
  }
  for (let index = 0; index < bounds.patterns; index++) {
    language.registerVariable(toAlias({ type: 'Pattern' }, index), 'Pattern');
  }
  return language;
}

function matches(text: string, pattern: Pattern): boolean {
  return pattern.matches(text);
}

function toInt(value: bigint | number | string): bigint {
  if (typeof value === 'string' && !/^[-+]?[0-9]{1,19}$/.test(value)) throw new Failure('no whole number');
  if (typeof value === 'number' && !Number.isFinite(value)) throw new Failure('no whole number');
  const int = BigInt(
    typeof value === 'number' ? Math.trunc(value) : typeof value === 'string' ? value.replace('+', '') : value,
  );
  if (int > MOST_INT || int < LEAST_INT) throw new Failure('no integer of 64 bits');
  return int;
}
