import { quoteName } from '../dag/display.ts';
import { suggestName } from '../dag/suggest.ts';
import { decodeString } from './literals.ts';
import { type Mistake, mistakeAt } from './mistake.ts';
import type { Token } from './tokens.ts';

/** What an expression may read. `steps` are the names of all declared steps, including those that are not ancestors. */
export interface ScopeOptions {
  readonly variables: readonly Variable[];
  readonly steps: readonly string[];
}

export type Variable = 'parameters' | 'run' | 'steps' | 'child';
export const variables: readonly Variable[] = ['parameters', 'run', 'steps', 'child'];
/** What an expression can read of `run`. */
export const runFields = ['name', 'namespace', 'uid', 'orchestration', 'deliveryId'] as const;
export type RunField = (typeof runFields)[number];
/** What an expression can read of a step, in addition to its outputs. */
export const stepFields = ['phase', 'reason', 'attempt'] as const;
export type StepField = (typeof stepFields)[number];

/** One value that an expression reads, known from its text alone. */
export type Source =
  | { readonly type: 'Parameter'; readonly name: string }
  | { readonly type: 'Run'; readonly field: RunField }
  | { readonly type: 'Step'; readonly step: string; readonly field: StepField }
  | { readonly type: 'Output'; readonly step: string; readonly output: string }
  | { readonly type: 'Child'; readonly path: readonly (string | number)[] };

export interface Found {
  readonly source?: Source;
  readonly mistake?: Mistake;
  /** Index of the first token after the source. */
  readonly next: number;
}

/** Reads the source that starts with the variable at `index`: all of its fields, but no method after them. */
export function readSource(tokens: readonly Token[], index: number, allowed: readonly Variable[]): Found {
  const root = tokens[index];
  const variable = variables.find((name) => name === root?.text);
  if (root === undefined || variable === undefined) return { next: index + 1 };
  const { keys, next, mistake } = readPath(tokens, index + 1, variable);
  if (mistake !== undefined) return { mistake, next };
  if (!allowed.includes(variable)) {
    const where = variable === 'child' ? 'only outputs can read child' : `${variable} cannot be read here`;
    return { mistake: mistakeAt(root.offset, root.end, where), next };
  }
  const found = toSource(variable, keys);
  if (typeof found !== 'string') return { source: found, next };
  const dynamic = tokens[next]?.text === '[' ? tokens[next + 1] : undefined;
  if (dynamic !== undefined && keys.length < 3) {
    const message = `${variable}[…] takes a string literal, because what a step reads must be known before the run`;
    return { mistake: mistakeAt(dynamic.offset, dynamic.end, message), next };
  }
  const last = keys.at(-1)?.token ?? root;
  return { mistake: mistakeAt(last.offset, last.end, found), next };
}

interface Key {
  readonly value: string | number;
  readonly token: Token;
}

/** Reads `.name`, `["name"]` and, for child, `[0]`, as long as they follow one another. */
function readPath(tokens: readonly Token[], start: number, variable: Variable) {
  const keys: Key[] = [];
  let next = start;
  while (keys.length < countKeys(variable, keys)) {
    const token = tokens[next + 1];
    const value = readKey(tokens, next, variable);
    if (typeof value === 'object') return { keys, next, mistake: value };
    if (token === undefined || value === undefined) break;
    next += tokens[next]?.text === '.' ? 2 : 3;
    keys.push({ value, token });
  }
  return { keys, next };
}

/** Returns the key that starts here. Undefined if none is known from the text. A name before `(` is a function. */
function readKey(tokens: readonly Token[], index: number, variable: Variable): string | number | Mistake | undefined {
  const [first, token, third] = [tokens[index], tokens[index + 1], tokens[index + 2]];
  if (token === undefined) return undefined;
  if (first?.text === '.') return isName(token) && third?.text !== '(' ? token.text : undefined;
  if (first?.text !== '[' || third?.text !== ']') return undefined;
  if (token.type === 'String') return decodeString(token);
  return variable === 'child' && /^[0-9]{1,9}$/.test(token.text) ? Number(token.text) : undefined;
}

function countKeys(variable: Variable, keys: readonly Key[]): number {
  if (variable === 'child') return Number.POSITIVE_INFINITY;
  if (variable !== 'steps') return 1;
  return keys[1]?.value === 'outputs' ? 3 : 2;
}

function isName({ type }: Token): boolean {
  return type === 'Name' || type === 'StepName';
}

/** Returns the source, or what is wrong with the last of the keys. */
function toSource(variable: Variable, keys: readonly Key[]): Source | string {
  const [first, second, third] = keys.map(({ value }) => `${value}`);
  switch (variable) {
    case 'child':
      return { type: 'Child', path: keys.map(({ value }) => value) };
    case 'parameters':
      return first === undefined ? 'read one parameter, as in parameters.image' : { type: 'Parameter', name: first };
    case 'run': {
      const field = runFields.find((name) => name === first);
      return field === undefined ? describeUnknown('run', first, runFields) : { type: 'Run', field };
    }
    case 'steps': {
      if (first === undefined) return 'read one step, as in steps.build.outputs.image';
      const field = stepFields.find((name) => name === second);
      if (field !== undefined) return { type: 'Step', step: first, field };
      if (second !== 'outputs') return describeUnknown('a step', second, [...stepFields, 'outputs']);
      return third === undefined
        ? 'read one output, as in steps.build.outputs.image'
        : { type: 'Output', step: first, output: third };
    }
  }
}

function describeUnknown(owner: string, field: string | undefined, fields: readonly string[]): string {
  const all = `the fields of ${owner} are ${fields.slice(0, -1).join(', ')} and ${fields.at(-1)}`;
  if (field === undefined) return `read one field: ${all}`;
  const meant = suggestName(field, fields);
  return `${owner} has no field ${quoteName(field)}: ${meant === undefined ? all : `did you mean ${quoteName(meant)}?`}`;
}
