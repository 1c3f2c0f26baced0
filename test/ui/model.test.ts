import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findNext } from '../../src/ui/page/keys.ts';
import {
  applyMessage,
  createModel,
  findBoxes,
  listEntries,
  readRoute,
  readValue,
  writeRoute,
} from '../../src/ui/page/model.ts';
import type { Entry, Message, Picture, StepView } from '../../src/ui/page/protocol.ts';
import { createFrameParser } from '../../src/ui/page/stream.ts';
import { fitIn, reveal } from '../../src/ui/page/viewport.ts';
import { formatFrame, HEARTBEAT } from '../../src/ui/sse.ts';

const entry = (name: string, createdAt = '', kind: Entry['kind'] = 'OrchestrationRun'): Entry => ({
  ...{ kind, name, phase: 'Running', message: '', createdAt },
});

test('a stream of frames gives the same messages wherever it is split', () => {
  const message = fc.record({
    type: fc.constant('Troubles' as const),
    sentences: fc.array(fc.string({ unit: fc.constantFrom(...Array.from('a\n\r:d "\\é漢😀\u2028')) })),
  });
  fc.assert(
    fc.property(fc.array(message, { maxLength: 5 }), fc.array(fc.nat({ max: 200 }), { maxLength: 8 }), (sent, cuts) => {
      const text = sent.map((one) => formatFrame(one) + HEARTBEAT).join('');
      const heard: Message[] = [];
      const parse = createFrameParser((one) => heard.push(one));
      let from = 0;
      for (const cut of [...cuts.toSorted((a, b) => a - b), text.length]) {
        parse(text.slice(from, cut));
        from = Math.max(from, cut);
      }
      expect(heard).toEqual(JSON.parse(JSON.stringify(sent)));
    }),
  );
});

describe('the model of the page', () => {
  test('has the last messages, and only the new ones after a new start', () => {
    const model = createModel();
    const apply = (isWhole: boolean, changed: Entry[], gone: Entry[] = []) =>
      applyMessage(model, { type: 'Entries', isWhole, changed, gone });
    apply(true, [entry('a'), entry('b')]);
    apply(false, [entry('c')], [entry('a')]);
    expect([...model.entries.keys()]).toEqual(['OrchestrationRun/b', 'OrchestrationRun/c']);
    apply(true, [entry('d')]);
    expect([...model.entries.keys()]).toEqual(['OrchestrationRun/d']);
  });

  test('lists the newest runs first and Orchestrations by name, filtered by words', () => {
    const entries = [
      entry('old-a', '1'),
      entry('new-b', '3'),
      entry('mid-a', '2'),
      entry('z', '9', 'Orchestration'),
      entry('y', '1', 'Orchestration'),
    ];
    const names = (kind: Entry['kind'], filter = '') => listEntries(entries, kind, filter).map(({ name }) => name);
    expect(names('OrchestrationRun')).toEqual(['new-b', 'mid-a', 'old-a']);
    expect(names('Orchestration')).toEqual(['y', 'z']);
    expect(names('OrchestrationRun', 'A mid')).toEqual(['mid-a']);
  });
});

test('a link names one object, and anything else selects nothing', () => {
  const key = { kind: 'OrchestrationRun', name: 'a.b-1' } as const;
  expect(readRoute(writeRoute(key))).toEqual(key);
  for (const hash of ['', '#/', '#/run/', '#/run/%', '#/run/<b>', '#/other/a', '#token=x'])
    expect(readRoute(hash)).toBeUndefined();
});

const box = (x: number, y: number, label = '') => ({
  x,
  y,
  width: 10,
  height: 10,
  label,
  kind: 'ToolRun',
  state: 'ready' as const,
  condition: '',
  inputs: [],
});
const picture: Picture = {
  ...{ width: 60, height: 60, headingSize: 1, isSequential: false, problems: [] },
  bands: [
    { heading: 'wave 1', x: 0, y: 0, width: 20, height: 60 },
    { heading: 'wave 2', x: 30, y: 0, width: 20, height: 60 },
  ],
  kinds: {},
  boxes: [box(5, 5, 'build'), box(35, 5, 'test-a'), box(35, 25, 'test-b')],
  edges: [
    { from: 0, to: 1, isOrder: true, reads: [], isOnLoop: false },
    { from: 0, to: 2, isOrder: true, reads: [], isOnLoop: false },
    { from: 1, to: 2, isOrder: false, reads: ['phase'], isOnLoop: false },
  ],
};

test('arrow keys move along dependencies, and up and down in a wave', () => {
  const go = (index: number, key: string) => findNext(picture, index, `Arrow${key}`);
  expect([go(0, 'Right'), go(2, 'Left'), go(1, 'Down'), go(2, 'Up'), go(2, 'Down'), go(0, 'Left')]).toEqual([
    ...[1, 0, 2, 1, undefined, undefined],
  ]);
});

test('what a step reads of another is known when that one has ended', () => {
  const ended: StepView = {
    ...{ index: 0, phase: 'Succeeded', isIgnored: false, why: [], because: [], reason: 'Completed', attempt: 2 },
    ...{ mostAttempts: 3, finishedAt: '2026-01-01T00:00:00Z', outputs: [{ name: 'image', value: 'shop:1' }] },
  };
  const { finishedAt: _, ...open } = ended;
  const names = ['outputs.image', 'outputs.other', 'phase', 'reason', 'attempt'];
  expect(names.map((name) => readValue(ended, name))).toEqual(['shop:1', undefined, 'Succeeded', 'Completed', '2']);
  expect(names.map((name) => readValue(open, name) ?? readValue(undefined, name))).toEqual(names.map(() => undefined));
});

test('a search matches all its words against names and kinds', () => {
  expect([findBoxes(picture, 'TEST'), findBoxes(picture, 'toolrun b'), findBoxes(picture, ' ')]).toEqual([
    [1, 2],
    [0, 2],
    [],
  ]);
});

describe('the viewport of a graph', () => {
  const size = { width: 1000, height: 500 };

  test('shows the whole graph in the middle, above the search field and the buttons', () => {
    const { x, y, scale } = fitIn({ width: 4000, height: 100 }, size);
    expect(4000 * scale + 2 * x).toBeCloseTo(1000);
    expect(y - 24).toBeCloseTo(500 - 56 - (y + 100 * scale));
    const tall = fitIn({ width: 100, height: 4000 }, size);
    expect(4000 * tall.scale + tall.y).toBeCloseTo(500 - 56);
  });

  test('moves only as far as needed to show a box, and zooms in if the box is not legible', () => {
    const seen = { x: 0, y: 0, scale: 1 };
    expect(reveal(seen, box(300, 300), size)).toEqual(seen);
    expect(reveal(seen, box(-100, 300), size)).toMatchObject({ x: 124, y: 0 });
    const near = reveal({ x: 0, y: 0, scale: 0.1 }, box(4000, 3000), size);
    expect(near.scale).toBeCloseTo(0.9);
    expect(4005 * near.scale + near.x).toBeCloseTo(500);
  });
});
