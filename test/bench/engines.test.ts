import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { auditPolicy, findFirstCreates, sumWrites } from '../../bench/engines/audit.ts';
import { compare, type Metric } from '../../bench/engines/compare.ts';
import { findIn } from '../../bench/engines/findings.ts';
import { describeWorst } from '../../bench/engines/report.ts';
import { expectedSteps, type Scenario, scenarios } from '../../bench/engines/scenarios.ts';
import type { Child, Scene } from '../../bench/engines/stand-in.ts';

const USER = 'system:serviceaccount:home:engine';

function entry(verb: string, resource: string, more: object = {}): string {
  return JSON.stringify({
    ...{ verb, user: { username: USER }, objectRef: { namespace: 'runs', resource }, responseStatus: { code: 200 } },
    ...more,
  });
}

describe('writes from the audit log', () => {
  it('counts writes of the user in the namespace, with the bytes of their bodies', async () => {
    const objectRef = { namespace: 'runs', resource: 'pods', subresource: 'status' };
    const lines = Readable.from([
      entry('create', 'pods', { requestObject: { a: 'ü' } }),
      entry('patch', 'pods', { objectRef, requestObject: [1, 2] }),
      entry('delete', 'pods'),
      entry('update', 'pods', { responseStatus: { code: 409 } }),
      entry('get', 'pods'),
      entry('create', 'pods', { user: { username: 'somebody' } }),
      entry('create', 'leases', { objectRef: { namespace: 'home', resource: 'leases' } }),
    ]);
    expect(await sumWrites(lines, USER, 'runs')).toEqual({
      count: 4,
      bytes: 10 + 5,
      byKind: { 'create pods': 1, 'patch pods/status': 1, 'delete pods': 1, '409 update pods': 1 },
    });
  });

  it('finds the first child that the engine asked for after each start, and none that was on its way before', async () => {
    const at = (seconds: string) => ({ requestReceivedTimestamp: `2026-11-30T10:00:${seconds}Z` });
    const lines = Readable.from([
      entry('create', 'pods', at('01.500000')),
      entry('create', 'pods', at('00.900000')),
      entry('patch', 'pods', at('01.100000')),
      entry('create', 'events', at('01.200000')),
      entry('create', 'pods', at('09.000000')),
    ]);
    const starts = ['01', '02', '08'].map((second) => Date.parse(`2026-11-30T10:00:${second}Z`));
    const pods = { user: USER, namespace: 'runs', plural: 'pods' };
    expect(await findFirstCreates(lines, pods, starts)).toEqual([0.5, 1]);
  });

  it('asks the API server for nothing but writes of that user', () => {
    expect(auditPolicy(USER)).toMatchObject({ rules: [{ level: 'Request', users: [USER] }, { level: 'None' }] });
  });
});

const diamond = scenarios.find(({ id }) => id === 'diamond') as Scenario;

function sceneOf(children: readonly Child[], endings: Readonly<Record<string, 'Succeeded' | 'Failed'>>): Scene {
  return {
    children: new Map(children.map((child, index) => [String(index), child])),
    endedRuns: new Map(Object.entries(endings).map(([run, ending]) => [run, { ending, seenMs: 500 }])),
  };
}

describe('what a scene shows', () => {
  const child = (step: string, seenMs: number, endedMs: number): Child => ({
    ...{ run: 'run-0', name: step, step, seenMs, endedMs },
  });

  it('expects no child of a step behind the one that fails', () => {
    expect(expectedSteps(diamond)).toEqual(['start', 'left', 'right']);
  });

  it('measures a reaction from the end of the last dependency', () => {
    const join = { ...diamond, script: { afterMs: 1 } };
    const children = [
      child('start', 0, 100),
      child('left', 110, 300),
      child('right', 130, 200),
      child('join', 340, 450),
    ];
    expect(findIn(sceneOf(children, { 'run-0': 'Succeeded' }), join, ['run-0'])).toEqual({
      ...{ duplicates: 0, lost: 0 },
      ...{ reactionsMs: [10, 30, 40], endingsMs: [50] },
    });
  });

  it('counts a second child of a step, a step without a child, and a run that did not end as it must', () => {
    const children = [child('start', 0, 100), child('left', 110, 300), child('left', 120, 300)];
    expect(findIn(sceneOf(children, { 'run-0': 'Succeeded' }), diamond, ['run-0', 'run-1'])).toMatchObject({
      duplicates: 1,
      // `right` of run-0 and its end; all three steps of run-1 and its end.
      lost: 6,
    });
  });
});

describe('the row that is named first', () => {
  const metric = (title: string, better: Metric['better']): Metric => ({
    ...{ title, better, courses: ['finish'], of: () => undefined },
  });
  const row = (title: string, better: Metric['better'], ours: number, ...others: readonly (number | undefined)[]) =>
    compare({ metric: metric(title, better), scenario: 'chain', ours, others });

  it('is the worst for us, beside the best of the others', () => {
    const rows = [...row('memory', 'less', 200, 100, 400), ...row('runs a minute', 'more', 10, undefined, 50)];
    expect(rows.map(({ ratio }) => ratio)).toEqual([2, 5]);
    expect(describeWorst(rows)).toMatch(
      /^\*\*The worst row for us\*\*: runs a minute, chain: 10 here, 50 for the best/,
    );
    expect(describeWorst(rows)).toContain('2 of 2 rows are worse');
  });

  it('is the closest one where none is worse', () => {
    const rows = [...row('memory', 'less', 90, 100), ...row('lost', 'less', 0, 0), ...row('CPU', 'less', 1, 100)];
    expect(describeWorst(rows)).toMatch(/^No row is worse for us. The closest one: lost/);
  });

  it('leaves out what one side did not do', () => {
    expect(row('reaction', 'less', 5, undefined)).toEqual([]);
  });
});
