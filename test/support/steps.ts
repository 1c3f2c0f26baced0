import fc from 'fast-check';
import type { Step } from '../../src/dag/graph.ts';

/** A step that waits for the named ones; `step('a')` does not say what it waits for. */
export function step(name: string, ...dependsOn: string[]): Step {
  return dependsOn.length > 0 ? { name, dependsOn } : { name };
}

/** A step that says it waits for nothing. */
export function root(name: string): Step {
  return { name, dependsOn: [] };
}

/** `s0 ← s1 ← s2 …`, declared last first, so that following `dependsOn` from the first step passes all others. */
export function backwardChain(length: number): Step[] {
  return Array.from({ length }, (_, i) => ({ name: `s${i}`, dependsOn: i + 1 < length ? [`s${i + 1}`] : [] }));
}

/** `backwardChain` whose end waits for its start. */
export function ring(length: number): Step[] {
  return Array.from({ length }, (_, i) => step(`s${i}`, `s${(i + 1) % length}`));
}

/** Up to nine distinct steps that all declare up to two others: one list in three has a loop, one in sixty has two. */
export const cleanSteps: fc.Arbitrary<Step[]> = fc.integer({ min: 1, max: 9 }).chain((length) => {
  const others = (own: number) =>
    fc
      .uniqueArray(fc.integer({ min: 0, max: length - 1 }), { maxLength: 2 })
      .map((indexes) => indexes.filter((i) => i !== own));
  return fc
    .tuple(...Array.from({ length }, (_, i) => others(i)))
    .map((edges) => edges.map((indexes, i) => ({ name: `s${i}`, dependsOn: indexes.map((j) => `s${j}`) })));
});

/** Up to seven steps with any mistake a graph can have, their names (and what they wait for) drawn from `names`. */
export function messySteps(names: readonly string[]): fc.Arbitrary<Step[]> {
  const name = fc.constantFrom(...names);
  const dependsOn = fc.array(name, { maxLength: 3 });
  return fc.array(fc.record({ name, dependsOn }, { requiredKeys: ['name'] }), { maxLength: 7 });
}

/** Few enough names to collide, the empty one of malformed steps, and some every JavaScript object knows. */
export const collidingNames = ['a', 'b', 'c', 'd', 'e', '', '__proto__', 'constructor'];

/** Text meant to harm: unpaired surrogates, control and bidirectional characters, quotes, and far too much of it. */
export const hostileName: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    '__proto__',
    '\u0000',
    'a\nb',
    '\u202Egnp.exe',
    'a\u200Bb',
    '"',
    '\\"',
    '\ud800',
    '\udfff',
    '❤️',
    '👩‍🚀',
  ),
  fc.constantFrom('x', '"', '\\', '\u0007', '\u{e0041}', '😀').map((text) => text.repeat(100_000)),
  fc.string({ unit: 'binary' }),
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
);

/**
 * A shown text without its emoji, and without the parts of an emoji that the cut in a long text can leave. The rest
 * must hide nothing.
 */
export function withoutEmoji(text: string): string {
  return text
    .replaceAll(/\p{RGI_Emoji}/gv, '')
    .replaceAll(/(?:\u200d|\ufe0f|[\u{e0020}-\u{e007f}])*…(?:\u200d|\ufe0f|[\u{e0020}-\u{e007f}])*/gu, '…');
}
