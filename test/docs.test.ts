import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { rules } from '../src/orchestration/judge.ts';
import { CERTIFICATE_METRICS } from '../src/runtime/certificate-metrics.ts';
import { GATE_METRICS } from '../src/runtime/metrics.ts';
import { ENGINE_METRICS, SUPERVISOR_METRICS } from '../src/runtime/reconcile-metrics.ts';

const page = readFileSync('docs/problems.md', 'utf8');

test('docs/problems.md lists every rule with its severity, and no other', () => {
  const rows = [...page.matchAll(/^\| \[(\w+)\]\(#(\w+)\) \| (\w+) \| (\w+) \|/gm)].map(
    ([, code, , severity, mayChange]) => ({
      code,
      severity,
      isFixed: mayChange === 'no',
    }),
  );
  expect(rows).toEqual(rules.map(({ code, severity, isFixed = false }) => ({ code, severity, isFixed })));
});

test('docs/problems.md explains every rule under a heading of its own', () => {
  const headings = [...page.matchAll(/^### (\w+)$/gm)].map(([, code]) => code);
  expect(new Set(headings)).toEqual(new Set([...rules.map(({ code }) => code), 'InvalidYaml']));
});

test('docs/operations.md lists every metric with its labels, and no other', () => {
  const operations = readFileSync('docs/operations.md', 'utf8');
  const listed = [...operations.matchAll(/^\| `(orchestration_gate_\w+)` \| ([\w, ]*)\|/gm)];
  expect(listed.map(([, name, labels]) => [name, (labels ?? '').trim()])).toEqual(
    [GATE_METRICS, CERTIFICATE_METRICS, SUPERVISOR_METRICS, ENGINE_METRICS]
      .flatMap((list) => Object.values<{ name: string; labelNames?: readonly string[] }>(list))
      .map((metric) => [metric.name, metric.labelNames?.join(', ') ?? '']),
  );
});

describe('docs/semantics.md', () => {
  const semantics = readFileSync('docs/semantics.md', 'utf8');
  const links = [...semantics.matchAll(/\]\(\.\.\/(test\/\S+) "([^"]+)"\)/g)].map(([, file = '', name = '']) => ({
    file,
    name,
  }));

  test('has a chapter for each of the fourteen sentences', () => {
    const numbers = [...semantics.matchAll(/^## (\d+)\. /gm)].map(([, number]) => Number(number));
    expect(numbers).toEqual(Array.from({ length: 14 }, (_, index) => index + 1));
  });

  test('has a test behind every sentence', () => {
    const sentences = semantics.split(/^- /m).slice(1);
    expect(sentences.length).toBeGreaterThan(50);
    expect(sentences.filter((sentence) => !/\]\(\.\.\/test\/\S+ "/.test(sentence))).toEqual([]);
  });

  test.each(links)('names a test that there is: $file "$name"', ({ file, name }) => {
    const titles = [...readFileSync(file, 'utf8').matchAll(/\(\s*(['"])((?:(?!\1).)+)\1,/g)].map(
      ([, , title]) => title,
    );
    expect(titles).toContain(name);
  });
});
