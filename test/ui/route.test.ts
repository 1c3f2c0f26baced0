import { expect, test } from 'vitest';
import { noFilter, type Route, readRoute, routeTo, writeRoute } from '../../src/ui/page/route.ts';

const start: Route = { list: 'OrchestrationRun', tab: '', stepTab: '', filter: noFilter };
const selected = { kind: 'OrchestrationRun', name: 'a.b-1' } as const;

test.each<[string, Route]>([
  ['#/runs', start],
  ['#/orchestrations', { ...start, list: 'Orchestration' }],
  ['#/run/a.b-1', { ...start, selected }],
  ['#/run/a.b-1?list=orchestrations', { ...start, selected, list: 'Orchestration' }],
  [
    '#/orchestration/o?tab=runs',
    { ...start, list: 'Orchestration', selected: { kind: 'Orchestration', name: 'o' }, tab: 'runs' },
  ],
  [
    '#/run/a.b-1?namespace=prod&step=%F0%9F%9A%80+%26+co&view=logs',
    { ...start, selected, namespace: 'prod', step: '🚀 & co', stepTab: 'logs' },
  ],
  [
    '#/runs?q=x+y&phase=Failed&of=release&label=team%3Dweb%2Ctier&age=7d',
    { ...start, filter: { text: 'x y', phase: 'Failed', of: 'release', label: 'team=web,tier', age: '7d' } },
  ],
])('%s is a place that the page can go to and be found at', (hash, route) => {
  expect(readRoute(hash)).toEqual(route);
  expect(writeRoute(route)).toBe(hash);
});

test('what is no place selects nothing', () => {
  for (const hash of ['', '#', '#/', '#/run/', '#/run/%', '#/run/<b>', '#/other/a', '#token=x', '#/runs?namespace=a/b'])
    expect(readRoute(hash)).toEqual(start);
});

test('a link keeps the list and its filter, and begins with the first tab', () => {
  const from: Route = {
    ...start,
    selected,
    tab: 'events',
    step: 'build',
    stepTab: 'logs',
    filter: { ...noFilter, phase: 'Failed' },
  };
  const to = routeTo(from, { kind: 'Orchestration', name: 'o' });
  expect(writeRoute(to)).toBe('#/orchestration/o?list=runs&phase=Failed');
  expect(routeTo(from, selected, 'test')).toMatchObject({ step: 'test', tab: '', stepTab: '' });
});
