import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { patchDefaults } from '../../src/admission/patch.ts';
import { buildGraph } from '../../src/dag/graph.ts';
import { decodeOrchestration } from '../../src/orchestration/decode.ts';
import { type DefaultingMode, defaultingModes, defaultOrchestration } from '../../src/orchestration/defaults.ts';
import { anyOrchestration } from '../support/objects.ts';
import { applyPatch } from '../support/patches.ts';
import { checkpoint, orchestration } from '../support/reviews.ts';

const ANNOTATION = 'orchestration.proompteng.ai/defaulted';
const annotated = { annotations: { [ANNOTATION]: 'sequential' } };

function operationsFor(object: unknown, previous?: unknown, mode: DefaultingMode = 'Auto') {
  const defaulted = defaultOrchestration(object, previous, mode);
  return defaulted ? patchDefaults(object, defaulted) : [];
}

/** Returns the stored object after `object` is sent. `previous` is the stored object before that. */
function store(object: unknown, previous?: unknown, mode: DefaultingMode = 'Auto'): Stored {
  return applyPatch(object, operationsFor(object, previous, mode)) as Stored;
}

type Stored = ReturnType<typeof orchestration> & { spec: { steps: StoredStep[] } };
type StoredStep = { name: string; dependsOn?: string[] | null };

/** Draws `a b<a c<b *`: the steps with their dependencies, `b<` for an empty list, and `*` for the annotation. */
function draw(object: unknown): string {
  const { metadata, spec } = object as { metadata: { annotations?: Record<string, string> }; spec: Stored['spec'] };
  const steps = spec.steps.map(({ name, dependsOn }) => (dependsOn ? `${name}<${dependsOn}` : name));
  return [...steps, ...(metadata.annotations?.[ANNOTATION] ? ['*'] : [])].join(' ');
}

/** The reverse of `draw`. */
function sketch(drawing: string, parts: { metadata?: object } = {}): Stored {
  const words = drawing.split(' ').filter((word) => word !== '*');
  const steps = words.map((word) => {
    const [name = '', list] = word.split('<');
    return { ...checkpoint(name), ...(list !== undefined && { dependsOn: list.split(',').filter(Boolean) }) };
  });
  return orchestration(steps, drawing.includes('*') ? { metadata: annotated } : parts) as Stored;
}

describe('the sequential default', () => {
  test.each([
    ['is written if no step declares dependsOn', 'a b c', 'a b<a c<b *'],
    ['is not written for a single step', 'a', 'a'],
    ['is not written if one step declares dependsOn', 'a b c<a', 'a b c<a'],
    ['is not written if a step declares an empty list', 'a< b c', 'a< b c'],
    ['gets no annotation if its author wrote it', 'a b<a c<b', 'a b<a c<b'],
    ['keeps its annotation if it does not change', 'a b<a c<b *', 'a b<a c<b *'],
    ['loses its annotation if it changes', 'a b<a c<a *', 'a b<a c<a'],
    ['loses its annotation if its first step declares an empty list', 'a< b<a *', 'a< b<a'],
  ])('%s', (_, sent, stored) => {
    expect(draw(store(sketch(sent)))).toBe(stored);
  });

  test('is a minimal patch', () => {
    expect(operationsFor(sketch('a b c'))).toEqual([
      { op: 'add', path: '/spec/steps/1/dependsOn', value: ['a'] },
      { op: 'add', path: '/spec/steps/2/dependsOn', value: ['b'] },
      { op: 'add', path: '/metadata/annotations', value: { [ANNOTATION]: 'sequential' } },
    ]);
    const mark = {
      op: 'add',
      path: '/metadata/annotations/orchestration.proompteng.ai~1defaulted',
      value: 'sequential',
    };
    expect(operationsFor(sketch('a b', { metadata: { annotations: { owner: 'me' } } })).at(-1)).toEqual(mark);
    expect(operationsFor(sketch('a b<a c', { metadata: annotated }))).toEqual([{ op: 'remove', path: mark.path }]);
    expect(operationsFor(sketch('a c<b *'), sketch('a b<a c<b *'))).toEqual([
      { op: 'add', path: '/spec/steps/1/dependsOn', value: ['a'] },
    ]);
  });

  test.each([null, undefined])('treats dependsOn and annotations that are %s as absent', (absent) => {
    const steps = [checkpoint('a'), checkpoint('b')].map((step) => ({ ...step, dependsOn: absent }));
    const object = orchestration(steps, { metadata: { annotations: absent } });
    expect(operationsFor(object).map(({ path }) => path)).toEqual(['/spec/steps/1/dependsOn', '/metadata/annotations']);
    expect(draw(store(object))).toBe('a b<a *');
  });

  test('writes the same graph that applies without it', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1 }), (names) => {
        const object = orchestration(names.map((name) => checkpoint(name)));
        const edges = (of: unknown) => buildGraph(decodeOrchestration(of).orchestration.steps).dependencies;
        expect(edges(store(object))).toEqual(edges(object));
      }),
    );
  });
});

describe('a partial edit of a written chain', () => {
  const chain = 'a b<a c<b d<c *';

  test.each([
    ['an inserted step', 'a x b<a c<b d<c *', 'a x<a b<x c<b d<c *'],
    ['a step inserted first', 'x a b<a c<b d<c *', 'x a<x b<a c<b d<c *'],
    ['a step inserted last', 'a b<a c<b d<c x *', 'a b<a c<b d<c x<d *'],
    ['a removed step', 'a c<b d<c *', 'a c<a d<c *'],
    ['the first step removed', 'b<a c<b d<c *', 'b c<b d<c *'],
    ['all steps but one removed', 'c<b *', 'c'],
    ['steps inserted and removed at the same time', 'x b<a y d<c *', 'x b<x y<b d<y *'],
    ['two steps swapped', 'a c<b b<a d<c *', 'a c<a b<c d<b *'],
    ['one dependsOn removed', 'a b<a c d<c *', 'a b<a c<b d<c *'],
    ['every dependsOn removed, as a rollback does', 'a b c d *', 'a b<a c<b d<c *'],
    ['the annotation removed with a step', 'a c<b d<c', 'a c<a d<c *'],
    ['every step replaced', 'x y', 'x y<x *'],
    ['a step renamed', 'a x<a c<b d<c *', 'a x<a c<x d<c *'],
    ['the first step renamed', 'x b<a c<b d<c *', 'x b<x c<b d<c *'],
    ['two steps renamed', 'a x<a y<b d<c *', 'a x<a y<x d<y *'],
    ['a step renamed and one inserted first', 'w a x<a c<b d<c *', 'w a<w x<a c<x d<c *'],
    ['a step renamed after a removed one', 'a x<b d<c *', 'a x<a d<x *'],
  ])('with %s derives the chain again', (_, sent, stored) => {
    expect(draw(store(sketch(sent), sketch(chain)))).toBe(stored);
  });

  test.each([
    ['another dependency', 'a b<a c<a d<c *', 'a b<a c<a d<c'],
    ['one more dependency', 'a b<a c<b,a d<c *', 'a b<a c<b,a d<c'],
    ['an empty list', 'a b< c<b d<c *', 'a b< c<b d<c'],
    ['a new step with an empty list', 'a b<a c<b d<c x< *', 'a b<a c<b d<c x<'],
    ['a new step with a dependency', 'a b<a c<b d<c x<a *', 'a b<a c<b d<c x<a'],
    ['a new step with a dependency that no step lost', 'a b<a c<b x<a *', 'a b<a c<b x<a'],
    ['two new steps in place of one', 'a x<a y<a c<b d<c *', 'a x<a y<a c<b d<c'],
  ])('that declares %s keeps the author’s graph', (_, sent, stored) => {
    expect(draw(store(sketch(sent), sketch(chain)))).toBe(stored);
  });

  test('that declares the next link of the chain keeps the annotation', () => {
    expect(draw(store(sketch('a b<a c<b d<c x<d *'), sketch(chain)))).toBe('a b<a c<b d<c x<d *');
  });

  test('lists the rewired steps, and none if the default is written for the first time', () => {
    const rewired = (sent: string) => defaultOrchestration(sketch(sent), sketch(chain), 'Auto')?.rewired;
    expect(rewired('a b<a c<b d<c x *')).toEqual([{ index: 4, name: 'x', predecessor: 'd' }]);
    expect(rewired('b<a c<b d<c *')).toEqual([{ index: 0, name: 'b', predecessor: undefined }]);
    expect(rewired('a b<a c<b *')).toEqual([]);
    expect(rewired('a b c d *')).toBeUndefined();
    expect(rewired('a b<a c<a d<c *')).toBeUndefined();
  });

  test.each([
    ['without the annotation', 'a b<a c<b', 'a x b<a c<b'],
    ['with an outdated annotation', 'a b<a c *', 'a x b<a c'],
  ])('%s keeps the author’s graph', (_, before, sent) => {
    expect(draw(store(sketch(sent), sketch(before)))).toBe(sent);
  });

  test('keeps a chain for any steps that are added and removed, and is idempotent', () => {
    const updates = fc.array(fc.array(anyEdit, { minLength: 1, maxLength: 3 }), { maxLength: 8 });
    const mode = fc.constantFrom<DefaultingMode>('Auto', 'Always');
    fc.assert(
      fc.property(updates, mode, (updates, mode) => {
        let stored = store(sketch('a b c'), undefined, mode);
        for (const [round, edits] of updates.entries()) {
          const previous = stored;
          const steps = edits.reduce((list, edit, i) => applyEdit(list, edit, `s${round}-${i}`), previous.spec.steps);
          stored = store({ ...previous, spec: { steps } }, previous, mode);
          expect(draw(stored)).toBe(drawChain(steps));
          expect(operationsFor(stored, previous, mode)).toEqual([]);
          expect(operationsFor(stored, stored, mode)).toEqual([]);
        }
      }),
      { numRuns: 500 },
    );
  });
});

/** Removes a step, or inserts one that declares nothing. */
type Edit = { readonly at: number; readonly does: 'remove' | 'insert' | 'insertNull' };

const anyEdit: fc.Arbitrary<Edit> = fc.record({
  at: fc.nat(),
  does: fc.constantFrom('remove', 'insert', 'insertNull'),
});

function applyEdit(steps: readonly StoredStep[], { at, does }: Edit, name: string): StoredStep[] {
  if (does === 'remove' && steps.length > 1) return steps.toSpliced(at % steps.length, 1);
  const step = { ...checkpoint(name), ...(does === 'insertNull' && { dependsOn: null }) };
  return steps.toSpliced(at % (steps.length + 1), 0, step);
}

function drawChain(steps: readonly StoredStep[]): string {
  const links = steps.slice(1).map(({ name }, i) => `${name}<${steps[i]?.name}`);
  return [steps[0]?.name, ...links, ...(links.length > 0 ? ['*'] : [])].join(' ');
}

describe('the mode', () => {
  const byAnnotation = { metadata: { annotations: { 'argocd.argoproj.io/tracking-id': 'app:g/Kind:ns/nightly' } } };
  const byLabel = { metadata: { labels: { 'app.kubernetes.io/instance': 'app' } } };

  test.each([
    ['Auto', 'nothing', {}, true],
    ['Auto', 'an annotation of Argo CD', byAnnotation, false],
    ['Auto', 'a label of Argo CD', byLabel, false],
    ['Always', 'an annotation of Argo CD', byAnnotation, true],
    ['Always', 'a label of Argo CD', byLabel, true],
    ['Never', 'nothing', {}, false],
  ] as const)('%s, with %s, writes the chain: %j → %s', (mode, _, parts, isWritten) => {
    const object = sketch('a b', parts);
    expect(draw(store(object, undefined, mode))).toBe(isWritten ? 'a b<a *' : 'a b');
  });

  test.each(defaultingModes)('%s removes the annotation if there is only one step', (mode) => {
    expect(draw(store(sketch('a *'), undefined, mode))).toBe('a');
  });

  test('never writes dependsOn in a mode that forbids it, for any object', () => {
    fc.assert(
      fc.property(anyOrchestration, anyOrchestration, (object, previous) => {
        const paths = operationsFor(object, previous, 'Never').map(({ op, path }) => `${op} ${path}`);
        const stale = 'remove /metadata/annotations/orchestration.proompteng.ai~1defaulted';
        expect(paths.filter((path) => path !== stale)).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });
});

describe('defaultOrchestration', () => {
  test('returns a patch that applies, and is idempotent', () => {
    fc.assert(
      fc.property(
        anyOrchestration,
        fc.option(anyOrchestration),
        fc.constantFrom(...defaultingModes),
        (object, previous, mode) => {
          const stored = store(object, previous, mode);
          expect(operationsFor(stored, previous, mode)).toEqual([]);
          expect(operationsFor(stored, stored, mode)).toEqual([]);
        },
      ),
      { numRuns: 1500 },
    );
  });

  test('does not change an object if it or the stored object is over a limit', () => {
    const limits = { maxSteps: 3, maxDependencies: 1 };
    expect(defaultOrchestration(sketch('a b c d'), undefined, 'Always', limits)).toBeUndefined();
    expect(defaultOrchestration(sketch('a b<a c<a,b'), undefined, 'Always', limits)).toBeUndefined();
    const before = sketch('a b<a c<b d<c *');
    expect(defaultOrchestration(sketch('a c<b d<c *'), before, 'Always', limits)).toEqual({ isAnnotated: false });
  });

  test('does not change an object that cannot be decoded', () => {
    fc.assert(
      fc.property(anyOrchestration, anyOrchestration, (object, previous) => {
        fc.pre(decodeOrchestration(object).findings.length > 0);
        expect(operationsFor(object, previous, 'Always')).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    ['two steps with the same name', orchestration([checkpoint('a'), checkpoint('a')], { metadata: annotated })],
    ['no metadata', { ...sketch('a b'), metadata: undefined }],
    ['metadata of the wrong type', { ...sketch('a b'), metadata: [] }],
    ['annotations of the wrong type', sketch('a b', { metadata: { annotations: 'x' } })],
    [
      'a malformed step and a foreign annotation value',
      orchestration([{ name: 'a' }], { metadata: { annotations: { [ANNOTATION]: 'other' } } }),
    ],
  ])('does not change an object with %s', (_, object) => {
    expect(operationsFor(object, undefined, 'Always')).toEqual([]);
  });
});
