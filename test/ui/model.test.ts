import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findNext } from '../../src/ui/page/graph/keys.ts';
import { findBoxes, readValue } from '../../src/ui/page/graph/search.ts';
import { fitIn, reveal, startIn } from '../../src/ui/page/graph/viewport.ts';
import type { BoxView, Entry, EntryKind, Message, Picture, StepView } from '../../src/ui/page/protocol.ts';
import { createReceiver, createStore, forget } from '../../src/ui/page/store.ts';
import { createFrameParser } from '../../src/ui/page/stream.ts';
import { formatFrame, HEARTBEAT } from '../../src/ui/sse.ts';

const run = (name: string): Entry => ({ kind: 'OrchestrationRun', name, orchestration: 'o', createdAt: 0 });

test('a stream of frames gives the same messages wherever it is split', () => {
  const message = fc.record({
    type: fc.constant('Absent' as const),
    sentence: fc.string({ unit: fc.constantFrom(...Array.from('a\n\r:d "\\é漢😀\u2028')) }),
  });
  fc.assert(
    fc.property(fc.array(message, { maxLength: 5 }), fc.array(fc.nat({ max: 200 }), { maxLength: 8 }), (sent, cuts) => {
      const text = sent.map((one) => formatFrame(one) + HEARTBEAT).join('');
      const heard: Message[] = [];
      const parse = createFrameParser<Message>((one) => heard.push(one));
      let from = 0;
      for (const cut of [...cuts.toSorted((a, b) => a - b), text.length]) {
        parse(text.slice(from, cut));
        from = Math.max(from, cut);
      }
      expect(heard).toEqual(JSON.parse(JSON.stringify(sent)));
    }),
  );
});

describe('what the page knows', () => {
  const context = { stream: '1', context: 'prod', namespace: 'ci', isReadOnly: false };
  function start() {
    const store = createStore();
    const receive = createReceiver(store);
    return {
      store,
      receive,
      begin: (...names: string[]) => {
        receive({ type: 'Context', context });
        receive({ type: 'Entries', changed: names.map(run), gone: [] });
      },
      end: () => receive({ type: 'Listed', kind: 'OrchestrationRun' as EntryKind }),
      names: () => [...store.entries.value.values()].map(({ name }) => name),
    };
  }

  test('is what the messages say, and after a reconnect what the new stream has named', () => {
    const { receive, begin, end, names } = start();
    begin('a', 'b');
    end();
    receive({ type: 'Entries', changed: [run('c')], gone: [{ kind: 'OrchestrationRun', name: 'a' }] });
    expect(names()).toEqual(['b', 'c']);
    begin('d');
    expect(names()).toEqual(['b', 'c', 'd']);
    end();
    expect(names()).toEqual(['d']);
  });

  test('is nothing in another namespace', () => {
    const { store, begin, end, names } = start();
    begin('a');
    end();
    forget(store);
    expect([names(), store.listed.value.size]).toEqual([[], 0]);
  });

  test('is about the object that the server has selected, and changed steps replace the known ones', () => {
    const { store, receive } = start();
    receive({ type: 'Selected', selected: { kind: 'OrchestrationRun', name: 'a' } });
    receive({ type: 'Picture', picture });
    receive({ type: 'Steps', changed: [stepOf(0, 'Running'), stepOf(1, 'Pending')] });
    receive({ type: 'Steps', changed: [stepOf(0, 'Succeeded')] });
    expect([...store.shown.value.steps.values()].map(({ phase }) => phase)).toEqual(['Succeeded', 'Pending']);
    receive({ type: 'Selected', selected: { kind: 'OrchestrationRun', name: 'a' } });
    expect(store.shown.value.steps.size).toBe(2);
    receive({ type: 'Absent', sentence: 'It is gone.' });
    expect(store.shown.value).toMatchObject({ key: 'OrchestrationRun/a', absent: 'It is gone.' });
    receive({ type: 'Selected', selected: null });
    expect(store.shown.value).toEqual({ key: '', steps: new Map(), actions: [] });
  });
});

const stepOf = (index: number, phase: StepView['phase']): StepView => ({
  ...{ index, phase, isIgnored: false, why: [], because: [], reason: '', attempt: 1, mostAttempts: 1 },
});

const box = (x: number, y: number, label = ''): BoxView => ({
  x,
  y,
  width: 10,
  height: 10,
  name: label,
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

  test('begins at a legible scale in a narrow window, unless there are too many boxes', () => {
    const narrow = { width: 390, height: 400 };
    const wide = { width: 2000, height: 300 };
    expect(startIn(wide, 10, narrow)).toMatchObject({ scale: 0.75, x: 24 });
    expect(startIn(wide, 1000, narrow)).toEqual(fitIn(wide, narrow));
    expect(startIn(wide, 10, size)).toEqual(fitIn(wide, size));
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
