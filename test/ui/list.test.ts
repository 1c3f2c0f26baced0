import { describe, expect, test } from 'vitest';
import { createFilter, readAge } from '../../src/ui/page/list/filter.ts';
import { planHistory } from '../../src/ui/page/list/history.ts';
import {
  describeRun,
  describeRuns,
  findAncestors,
  foldRuns,
  sortEntries,
  successRate,
} from '../../src/ui/page/list/rows.ts';
import { scrollTo, windowOf } from '../../src/ui/page/list/window.ts';
import type { Entry, RunEntry } from '../../src/ui/page/protocol.ts';
import { noFilter } from '../../src/ui/page/route.ts';

const NOW = Date.UTC(2026, 0, 2);
const run = (name: string, fields: Partial<RunEntry> = {}): RunEntry => ({
  ...{ kind: 'OrchestrationRun', name, orchestration: 'o', phase: 'Running', createdAt: NOW },
  ...fields,
});
const orchestration = (name: string, fields: object = {}): Entry => ({
  ...{ kind: 'Orchestration', name, phase: 'Ready', createdAt: NOW },
  ...fields,
});

describe('the filter of the list', () => {
  const entries = [
    run('web-1', { labels: { team: 'web', tier: 'gold' }, phase: 'Failed' }),
    run('web-2', { labels: { team: 'web' }, createdAt: NOW - 2 * 3_600_000 }),
    run('api-1', { labels: { team: 'api' }, orchestration: 'release', phase: 'Succeeded' }),
    run('gate-1', { waitsForApproval: ['approve'] }),
    run('template', { isTemplate: true, phase: '' }),
  ];
  test.each([
    ['words of the name', { text: 'WEB 1' }, ['web-1']],
    ['the name of the Orchestration among the words', { text: 'release' }, ['api-1']],
    ['a phase', { phase: 'Failed' }, ['web-1']],
    ['runs that have not ended', { phase: 'active' }, ['web-2', 'gate-1']],
    ['runs that wait for an approval', { phase: 'approval' }, ['gate-1']],
    ['an Orchestration', { of: 'release' }, ['api-1']],
    ['an age', { age: '1h' }, ['web-1', 'api-1', 'gate-1', 'template']],
    ['a label', { label: 'team=web' }, ['web-1', 'web-2']],
    ['several labels', { label: 'team==web, tier' }, ['web-1']],
    ['an absent label', { label: '!team' }, ['gate-1', 'template']],
    ['another value', { label: 'team!=web,team' }, ['api-1']],
    ['a set of values', { label: 'team in (web, api), tier notin (gold)' }, ['web-2', 'api-1']],
    ['everything together', { text: 'web', phase: 'Failed', label: 'tier=gold', age: '7d' }, ['web-1']],
    ['a selector that is being typed', { label: 'te' }, ['web-1', 'web-2', 'api-1']],
    ['nothing', {}, ['web-1', 'web-2', 'api-1', 'gate-1', 'template']],
  ])('finds by %s', (_, filter, names) => {
    const found = entries.filter(createFilter({ ...noFilter, ...filter }, NOW));
    expect(found.map(({ name }) => name)).toEqual(names);
  });

  test('reads ages in seconds, minutes, hours and days', () => {
    expect(['90s', '15m', '6h', '7d', '', 'x', '5w'].map(readAge)).toEqual([
      ...[90_000, 900_000, 21_600_000, 604_800_000, undefined, undefined, undefined],
    ]);
  });
});

describe('the rows of the list', () => {
  const entries = [
    run('new', { createdAt: 3 }),
    run('inner', { createdAt: 4, parent: 'old' }),
    run('innermost', { createdAt: 5, parent: 'inner' }),
    run('old', { createdAt: 1 }),
    run('orphan', { createdAt: 2, parent: 'gone' }),
    orchestration('b'),
    orchestration('a'),
  ];
  const namesOf = (open: string[]) =>
    foldRuns(sortEntries(entries, 'OrchestrationRun'), new Set(open)).map(
      ({ entry, depth }) => `${'-'.repeat(depth)}${entry.name}`,
    );

  test('are runs, the newest first, and Orchestrations by name', () => {
    expect(namesOf([])).toEqual(['new', 'orphan', 'old']);
    expect(sortEntries(entries, 'Orchestration').map(({ name }) => name)).toEqual(['a', 'b']);
  });

  test('have sub-runs under their parents if these are open, and sub-runs of a parent that is gone at the top', () => {
    expect(namesOf(['old'])).toEqual(['new', 'orphan', 'old', '-inner']);
    expect(namesOf(['old', 'inner'])).toEqual(['new', 'orphan', 'old', '-inner', '--innermost']);
  });

  test('are opened down to the selected run', () => {
    const byKey = new Map(entries.map((entry) => [`${entry.kind}/${entry.name}`, entry]));
    expect(findAncestors(byKey, 'innermost')).toEqual(['inner', 'old']);
    expect(findAncestors(byKey, 'new')).toEqual([]);
  });

  test.each([
    [{ phase: 'Failed', steps: { total: 4, succeeded: 2, failed: 1, skipped: 1 } }, 'Failed · 3 of 4, 1 skipped'],
    [{ phase: 'Running', steps: { total: 11, succeeded: 4, failed: 1, running: 2 } }, 'Running · 5 of 11, 1 failed'],
    [{ phase: 'Cancelled', steps: { total: 3, succeeded: 1, cancelled: 2 } }, 'Cancelled · 1 of 3, 2 cancelled'],
    [{ waitsForApproval: ['a'], steps: { total: 2, succeeded: 1 } }, 'Waits for approval · 1 of 2'],
    [{ isSuspended: true as const }, 'Suspended'],
    [{ isCancelled: true as const }, 'Cancelling'],
    [{ isTemplate: true as const, phase: '' }, 'Template'],
    [{ phase: 'Succeeded', steps: { total: 1, succeeded: 1 } }, 'Succeeded · 1 of 1'],
  ])('count %j as %j', (fields, words) => {
    expect(describeRun(run('r', fields))).toBe(words);
  });

  test('describe an Orchestration by its runs', () => {
    const runs = { total: 1_200, active: 2, last: 'r', ended: { succeeded: 46, failed: 4 } };
    expect(describeRuns(orchestration('o', { runs }) as never)).toBe('Ready · 1,200 runs, 2 active · 92 % succeeded');
    expect(describeRuns(orchestration('o') as never)).toBe('Ready · no runs');
  });
});

test('a success rate is 0 or 100 only if it is exact', () => {
  const rates = [{}, { succeeded: 2 }, { failed: 2 }, { succeeded: 999, failed: 1 }, { succeeded: 1, failed: 999 }];
  expect(rates.map(successRate)).toEqual([undefined, 100, 0, 99, 1]);
});

describe('the history of an Orchestration', () => {
  const timesOf = (createdAt: number, seconds: number) => ({
    ...{ createdAt, startedAt: createdAt, finishedAt: createdAt + seconds * 1_000 },
  });
  const ended = (at: number, phase: string, seconds: number) =>
    run(`r${at}`, { phase, ...timesOf(NOW - at * 3_600_000, seconds) });

  test('is about its last fifty runs, the oldest first', () => {
    const phaseOf = (at: number) => (at < 10 ? 'Failed' : at < 15 ? 'Cancelled' : 'Succeeded');
    const runs = Array.from({ length: 60 }, (_, at) => ended(at, phaseOf(at), at + 1));
    const { bars, ...counts } = planHistory([...runs, run('other', { orchestration: 'p' })], 'o', NOW);
    expect([bars.length, bars[0]?.entry.name, bars.at(-1)?.entry.name]).toEqual([50, 'r49', 'r0']);
    expect(bars[0]?.height).toBe(1);
    expect(counts).toEqual({ rate: 78, judged: 45, cancelled: 5, medianMs: 33_000 });
  });

  test('shows a run that has not ended until now, and one that has not started without a duration', () => {
    const { bars, rate } = planHistory(
      [run('waits', { phase: 'Pending' }), run('runs', { startedAt: NOW - 5_000 })],
      'o',
      NOW,
    );
    expect([bars.map(({ ms }) => ms), rate]).toEqual([[5_000, undefined], undefined]);
  });
});

describe('the window of a long list', () => {
  test('has the visible rows and a few around them, wherever it is', () => {
    expect(windowOf(10_000, 50, { top: 0, height: 500 })).toEqual({ first: 0, last: 18 });
    expect(windowOf(10_000, 50, { top: 250_000, height: 500 })).toEqual({ first: 4_992, last: 5_018 });
    expect(windowOf(3, 50, { top: 250_000, height: 500 })).toEqual({ first: 0, last: 3 });
    expect(windowOf(0, 50, { top: 0, height: 500 })).toEqual({ first: 0, last: 0 });
  });

  test('moves to a row by the shortest way', () => {
    const view = { top: 1_000, height: 500 };
    expect([scrollTo(10, 50, view), scrollTo(25, 50, view), scrollTo(40, 50, view)]).toEqual([500, 1_000, 1_550]);
  });
});
