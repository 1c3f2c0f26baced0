import { describe, expect, test } from 'vitest';
import { readText } from '../../src/lsp/reading.ts';
import { findSpot, partOf } from '../../src/lsp/spot.ts';
import { formatPath } from '../../src/orchestration/problem.ts';

const HEAD = 'apiVersion: orchestration.proompteng.ai/v1alpha1\nkind: Orchestration\n';

/** What is at `‸` in a text. */
function locate(marked: string): string {
  const text = marked.replace('‸', '');
  const spot = findSpot(readText('a.yaml', text), marked.indexOf('‸'));
  return spot === undefined ? 'nothing' : `${spot.type} ${formatPath(spot.path)}`;
}

describe('what is at a place', () => {
  test.each([
    ['a key', 'spec: { steps: [{ na‸me: a }] }', 'Key spec.steps[0].name'],
    ['a value', 'spec: { steps: [{ name: ‸a }] }', 'Value spec.steps[0].name'],
    ['the end of a value', 'spec: { steps: [{ name: a‸ }] }', 'Value spec.steps[0].name'],
    ['an absent value', 'spec:\n  entrypoint: ‸\n', 'Value spec.entrypoint'],
    ['an entry of a list', 'spec: { steps: [{ dependsOn: [a, b‸] }] }', 'Value spec.steps[0].dependsOn[1]'],
    ['a new entry of a list', 'spec: { steps: [{ dependsOn: [a, ‸] }] }', 'Value spec.steps[0].dependsOn[1]'],
    ['an empty list', 'spec: { steps: [{ dependsOn: [‸] }] }', 'Value spec.steps[0].dependsOn[0]'],
    ['behind a list', 'spec: { steps: [{ dependsOn: [a]‸ }] }', 'Value spec.steps[0].dependsOn'],
    [
      'a block of text',
      'spec:\n  steps:\n    - with:\n        a: |\n          one\n          t‸wo\n',
      'Value spec.steps[0].with.a',
    ],
    ['a quoted key', 'spec: { "ste‸ps": [] }', 'Key spec.steps'],
    ['an alias', 'spec: { steps: [&a { name: x }, *‸a] }', 'Value spec.steps[1]'],
    ['broken YAML', 'spec:\n  steps:\n    - name: [a‸\n', 'Value spec.steps[0].name[0]'],
  ])('is found for %s', (_, body, wanted) => {
    expect(locate(`${HEAD}${body}`)).toBe(wanted);
  });

  test('is found in the second of two documents, and in a List', () => {
    expect(locate(`${HEAD}spec: {}\n---\n${HEAD}spec: { en‸trypoint: a }\n`)).toBe('Key spec.entrypoint');
    const list = `apiVersion: v1\nkind: List\nitems:\n- kind: ConfigMap\n- ${HEAD.trim().replace('\n', '\n  ')}\n  spec: { entrypoint: ‸a }\n`;
    expect(locate(list)).toBe('Value spec.entrypoint');
  });

  test('is nothing in a document of another kind, and before all documents', () => {
    expect(locate(`${HEAD}spec: {}\n---\nkind: ConfigMap\nda‸ta: {}\n`)).toBe('nothing');
    expect(locate(`# a com‸ment\n---\n${HEAD}`)).toBe('nothing');
  });
});

describe('the part of a text that a path stands for', () => {
  const part = (body: string, path: readonly (string | number)[]) => {
    const text = `${HEAD}${body}`;
    const [object] = readText('a.yaml', `---\n${text}`).objects;
    if (object === undefined) return undefined;
    const { start, end } = partOf(object, path);
    return `---\n${text}`.slice(start, end);
  };

  test.each([
    ['the value of a scalar', 'spec: { entrypoint: "a b" }', ['spec', 'entrypoint'], '"a b"'],
    ['the key of a list', 'spec: { steps: [] }', ['spec', 'steps'], 'steps'],
    ['the key of an absent value', 'spec:\n  entrypoint:\n', ['spec', 'entrypoint'], 'entrypoint'],
    ['what would hold what is absent', 'spec: { steps: [] }', ['spec', 'steps', 3, 'name'], 'steps'],
  ])('is %s', (_, body, path, wanted) => {
    expect(part(body, path)).toBe(wanted);
  });
});
