import { isScalar, type Scalar } from 'yaml';
import { functions, macros, methods } from '../expressions/calls.ts';
import { runFields, stepFields, type Variable } from '../expressions/sources.ts';
import { readDeclared } from '../orchestration/declared-parameters.ts';
import type { Orchestration } from '../orchestration/decode.ts';
import { findAncestry } from './ancestry.ts';
import type { Suggestion } from './completion.ts';
import { addDependency } from './edits.ts';
import { findPlace } from './expression-place.ts';
import { orchestrationOf } from './reading.ts';
import type { SpotOfObject } from './spot.ts';

/** An expression that a user is writing: what it can read, and where it is. */
interface Writing {
  readonly orchestration: Orchestration;
  readonly spot: SpotOfObject;
  readonly variables: readonly Variable[];
  /** The step that it belongs to. Undefined for the group of policies.concurrency. */
  readonly step?: number;
  readonly offset: number;
}

/** A step, as an expression names it. */
const STEP = String.raw`\bsteps(?:\.(?<dotted>[\w-]+)|\[["'](?<quoted>[^"'\]]*)["']\])`;

/**
 * What can follow the text before a cursor. The last group of a pattern is what is already written of it. The first
 * pattern that matches counts.
 */
const follow: readonly (readonly [RegExp, (writing: Writing, found: RegExpExecArray) => readonly Offer[]])[] = [
  [/\bsteps(?:\.|\[["'])([^"'\].\s]*)$/, offerSteps],
  [new RegExp(String.raw`${STEP}\.outputs\.(\w*)$`), offerOutputs],
  [new RegExp(String.raw`${STEP}\.(\w*)$`), () => [...stepFields, 'outputs'].map(toVariable)],
  [/\bparameters\.([\w-]*)$/, offerParameters],
  [/\brun\.(\w*)$/, () => runFields.map(toVariable)],
  [/\bchild\.(\w*)$/, () => ['metadata', 'spec', 'status'].map(toVariable)],
  [/[\w\])"']\.(\w*)$/, () => [...methods, ...macros].map(toFunction)],
  [/(?:^|[^\w.\])"'-])(\w*)$/, ({ variables }) => [...variables.map(toVariable), ...functions.map(toFunction)]],
];

/** A word, and what it adds. Its place is known only when what is written so far is known. */
type Offer = Pick<Suggestion, 'label' | 'type' | 'text' | 'detail' | 'more'> & {
  /** How many characters before the word it replaces too. */
  readonly back?: number;
};

/**
 * Completes an expression: variables, functions, steps, outputs, parameters. Undefined if the spot holds no expression.
 * A step that is not an ancestor yet is offered together with the change that makes it one. Linear.
 */
export function completeExpression(
  spot: SpotOfObject,
  { text, offset }: { readonly text: string; readonly offset: number },
): readonly Suggestion[] | undefined {
  const { node, object } = spot;
  const orchestration = orchestrationOf(object);
  const place = orchestration && findPlace(orchestration, spot.path);
  if (orchestration === undefined || place === undefined) return undefined;
  const start = isScalar(node) ? object.tree.start + (node.range?.[0] ?? 0) : offset;
  const written = text.slice(Math.min(start, offset), offset).replace(/^["']/, '');
  const opened = place.isTemplate ? findOpened(written) : written;
  if (opened === undefined) return undefined;
  const writing = { orchestration, spot, offset, ...place };
  for (const [pattern, offer] of follow) {
    const found = pattern.exec(opened);
    if (found === null) continue;
    const word = found.at(-1) ?? '';
    return offer(writing, found).map(({ back = 0, ...one }) => ({
      ...one,
      start: offset - word.length - back,
      end: offset,
    }));
  }
  return [];
}

/** The expression of the placeholder that the cursor is in. Undefined if it is in none. */
function findOpened(written: string): string | undefined {
  const at = written.lastIndexOf('${{');
  return at === -1 || written.includes('}}', at) || written[at - 1] === '$' ? undefined : written.slice(at + 3);
}

function offerSteps({ orchestration: { steps }, spot, step }: Writing): readonly Offer[] {
  if (step === undefined) return [];
  const { ancestors, candidates } = findAncestry(steps, step);
  const offer = (at: number): Offer => {
    const { name = '', kind = '' } = steps[at] ?? {};
    return { label: name, type: 'Step', text: name, detail: kind };
  };
  const others = [...candidates].flatMap((at) => {
    const one = offer(at);
    const more = addDependency(spot.object, step, one.label);
    return more.length === 0 ? [] : [{ ...one, detail: `${one.detail ?? ''}, added to dependsOn`, more }];
  });
  return [...[...ancestors].map(offer), ...others].filter(({ label }) => label !== '');
}

function offerOutputs({ orchestration, spot }: Writing, { groups = {} }: RegExpExecArray): readonly Offer[] {
  const wanted = groups['dotted'] ?? groups['quoted'];
  const { outputs = {} } = orchestration.steps.find(({ name }) => name === wanted) ?? {};
  return Object.keys(outputs).map((name) => toMember(name, spot));
}

function offerParameters({ orchestration, spot }: Writing): readonly Offer[] {
  return [...readDeclared(orchestration)].map(([name, { description }]) => ({
    ...toMember(name, spot),
    ...(description !== undefined && { detail: description }),
  }));
}

/** Writes a name that is not an identifier in brackets, without the dot. */
function toMember(name: string, { node }: SpotOfObject): Offer {
  if (/^[A-Za-z_]\w*$/.test(name)) return toVariable(name);
  const quote = (node as Scalar | null | undefined)?.type === 'QUOTE_DOUBLE' ? "'" : '"';
  return { label: name, type: 'Variable', text: `[${quote}${name}${quote}]`, back: 1 };
}

function toVariable(name: string): Offer {
  return { label: name, type: 'Variable', text: name };
}

function toFunction(name: string): Offer {
  return { label: name, type: 'Function', text: `${name}(` };
}
