import { globSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { type Diagnosed, diagnose } from '../../src/lsp/diagnose.ts';
import type { Edit } from '../../src/lsp/edits.ts';
import { findFixes, fixableCodes } from '../../src/lsp/fixes.ts';
import { readText } from '../../src/lsp/reading.ts';
import { orchestration } from '../cli/run-command.ts';

const judge = (text: string) => diagnose(readText('a.yaml', text), text);

function apply(text: string, edits: readonly Edit[]): string {
  const document = TextDocument.create('a', 'yaml', 1, text);
  const at = (offset: number) => document.positionAt(offset);
  return TextDocument.applyEdits(
    document,
    edits.map((edit) => ({ range: { start: at(edit.start), end: at(edit.end) }, newText: edit.text })),
  );
}

/** Counts the problems that have the same code and message as this one. */
const count = (all: readonly Diagnosed[], { code, message }: Diagnosed) =>
  all.filter((one) => one.code === code && one.message === message).length;

const step = '{ name: build, kind: ToolRun, toolRef: { name: build } }';
/** Texts for three codes, because the examples of these codes have no near name. */
const nearMisses: Readonly<Record<string, string>> = {
  'a misspelt entrypoint': orchestration('a', step).replace('  steps:', '  entrypoint: biuld\n  steps:'),
  'a misspelt reference': orchestration('a', step.replace('toolRef', 'toolref')),
  'a misspelt field of spec': orchestration('a', step).replace('  steps:', '  polices: {}\n  steps:'),
};
const texts = [
  ...globSync('examples/{rejected,warned}/*.yaml').map((file) => [file, readFileSync(file, 'utf8')] as const),
  ...Object.entries(nearMisses),
];

describe('a fix', () => {
  test.each(texts)('of what is wrong with %s removes it, and nothing becomes unreadable', (_, text) => {
    const found = judge(text);
    for (const diagnosed of found)
      for (const { edits } of findFixes(diagnosed)) {
        const after = judge(apply(text, edits));
        expect(count(after, diagnosed)).toBe(count(found, diagnosed) - 1);
        expect(after.filter(({ code }) => code === 'InvalidYaml')).toEqual([]);
      }
  });

  test('is known for one of these of each code that has one', () => {
    const fixed = texts.flatMap(([, text]) =>
      judge(text).flatMap((one) => (findFixes(one).length > 0 ? [one.code] : [])),
    );
    expect([...new Set(fixed)].sort()).toEqual([...fixableCodes].sort());
  });

  const block = `apiVersion: orchestration.proompteng.ai/v1alpha1
kind: Orchestration
metadata:
  name: release
spec:
  steps:
    - name: build-web
      kind: ToolRun
      toolRef: { name: build }
      outputs: { image: child.status.image }
    - name: lint
      kind: Checkpoint
      dependsOn: []
    - name: deploy # the last
      kind: ToolRun
      dependsOn:
        - lint
      toolRef: { name: deploy }
`;
  /** The text after the first fix of the first problem with this code. */
  const mend = (code: string, text: string) => {
    const diagnosed = judge(text).find((one) => one.code === code);
    const [fix] = diagnosed === undefined ? [] : findFixes(diagnosed);
    return fix === undefined ? undefined : apply(text, fix.edits);
  };
  const when = (expression: string) =>
    block.replace('      toolRef: { name: deploy }\n', `      when: ${expression}\n`);

  test('adds a step to a list of lines, where it is read', () => {
    const text = when('steps.build-web.phase == "x"');
    expect(mend('ReferenceNotAncestor', text)).toBe(text.replace('- lint\n', '- lint\n        - build-web\n'));
  });

  test('adds dependsOn behind the name, with its comment, where there is none', () => {
    const text = when('steps.build-web.phase == "x"').replace('      dependsOn:\n        - lint\n', '');
    expect(mend('ReferenceNotAncestor', text)).toBe(
      text.replace('# the last\n', '# the last\n      dependsOn: [build-web]\n'),
    );
  });

  test('keeps the line ends of Windows', () => {
    const text = when('steps.build-web.phase == "x"').replaceAll('\n', '\r\n');
    expect(mend('ReferenceNotAncestor', text)).toContain('- lint\r\n        - build-web\r\n');
  });

  test('adds no step that would close a loop, and none to a sequence', () => {
    const loop = block.replace('dependsOn: []', 'dependsOn: [deploy]\n      when: steps.build-web.phase == "x"');
    expect(mend('ReferenceNotAncestor', loop.replace('steps.build-web', 'steps.deploy'))).toBeUndefined();
    const sequence = orchestration(
      'a',
      '{ name: a, kind: Checkpoint, when: steps.b.attempt > 1 }',
      '{ name: b, kind: Checkpoint }',
    );
    expect(judge(sequence).map(({ code }) => code)).toContain('ReferenceNotAncestor');
    expect(mend('ReferenceNotAncestor', sequence)).toBeUndefined();
  });

  test('changes only the name in an expression, in quotes of any kind', () => {
    const before = `"steps['biuld-web'].phase == \\"x\\""`;
    const after = `"steps['build-web'].phase == \\"x\\""`;
    expect(mend('UnknownReference', when(before))).toBe(when(after));
    // A ToolRun can have outputs that it does not declare.
    const reads = (output: string) =>
      when(`steps.build-web.outputs.${output} == ""`)
        .replace('- lint', '- build-web')
        .replace('kind: ToolRun\n      toolRef: { name: build }', 'kind: ApprovalGate');
    expect(mend('UnknownOutput', reads('imgae'))).toBe(reads('image'));
  });

  test('leaves an empty list where the only entry of a list of lines was', () => {
    const text = block.replace('- lint', '- deploy');
    expect(mend('SelfDependency', text)).toBe(block.replace('- lint', '[]'));
  });

  test('removes the line of one entry among several', () => {
    const text = block.replace('- lint\n', '- lint\n        - deploy # why?\n        - build-web\n');
    expect(mend('SelfDependency', text)).toBe(block.replace('- lint\n', '- lint\n        - build-web\n'));
  });

  test('quotes a name that YAML reads as something else', () => {
    const text = block.replaceAll('lint', "'null'").replace("- 'null'", '- nul');
    expect(mend('MissingDependency', text)).toContain('        - "null"\n');
  });
});
