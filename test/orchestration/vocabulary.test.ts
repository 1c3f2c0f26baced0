import { globSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { checkReasonsPage } from '../../scripts/reasons-page.ts';
import {
  conditionTypes,
  foreignConditionTypes,
  foreignReasons,
} from '../../src/orchestration/vocabulary/conditions.ts';
import { eventReasons } from '../../src/orchestration/vocabulary/event-reasons.ts';
import { kubeErrorReasons } from '../../src/orchestration/vocabulary/kube-error-reasons.ts';
import type { Meaning } from '../../src/orchestration/vocabulary/meaning.ts';
import { metadata } from '../../src/orchestration/vocabulary/metadata.ts';
import {
  expiryReasons,
  orchestrationReasons,
  placeReasons,
  runReasons,
} from '../../src/orchestration/vocabulary/run-reasons.ts';
import { stepReasons } from '../../src/orchestration/vocabulary/step-reasons.ts';
import { toolRunReasons } from '../../src/orchestration/vocabulary/tool-run-reasons.ts';

/** Every table of the vocabulary, by the name that the code uses for its words. */
const tables: Readonly<Record<string, Readonly<Record<string, Meaning>>>> = {
  StepReason: stepReasons,
  RunReason: runReasons,
  ExpiryReason: expiryReasons,
  PlaceReason: placeReasons,
  OrchestrationReason: orchestrationReasons,
  ToolRunReason: toolRunReasons,
  EventReason: eventReasons,
  ConditionType: conditionTypes,
  ForeignConditionType: foreignConditionTypes,
  ForeignReason: foreignReasons,
  KubeErrorReason: kubeErrorReasons,
  Annotation: metadata.annotations,
  Label: metadata.labels,
  Finalizer: metadata.finalizers,
  FieldManager: metadata.fieldManagers,
};
const words = Object.entries(tables).flatMap(([table, rows]) =>
  Object.entries(rows).map(([word, row]) => ({ name: `${table}.${word}`, word, ...row })),
);

const sources = globSync('src/**/*.ts')
  .filter((file) => !file.startsWith('src/orchestration/vocabulary/'))
  .map((file) => ({ file, text: readFileSync(file, 'utf8') }));
const code = sources.map(({ text }) => text).join('');

/** The matching lines of the code, each after its file. */
function findLines(pattern: RegExp): string[] {
  return sources.flatMap(({ file, text }) =>
    text.split('\n').flatMap((line) => (pattern.test(line) ? [`${file}: ${line.trim()}`] : [])),
  );
}

describe('the vocabulary', () => {
  test.each(words)('explains $name, and what to do, in sentences', ({ meaning, action = meaning }) => {
    for (const text of [meaning, action]) expect(text).toMatch(/^[[A-Z][^|\n]+\.$/);
  });

  test.each(words)('has only words that the code uses: $name', ({ name, word }) => {
    // The reason of the Event for a run's end is the phase of the run. A failed call is created with the word itself.
    const isPhase = /^EventReason\.(Succeeded|Failed|Cancelled)$/.test(name);
    const isCall = name.startsWith('KubeErrorReason.');
    const uses = [`\\b${name}\\b`, ...(isPhase ? ['EventReason\\[phase\\]'] : []), ...(isCall ? [`'${word}'`] : [])];
    expect(code).toMatch(new RegExp(uses.join('|')));
  });

  test('is the source of docs/reference/reasons.md', async () => {
    expect(await checkReasonsPage('.')).toEqual([]);
  });
});

describe('the code', () => {
  test('compares no reason with a string literal', () => {
    expect(findLines(/\breason(\s*\?\?\s*'')?\)? [!=]== '\w/)).toEqual([]);
  });

  test('compares no condition type with a string literal', () => {
    const types = Object.keys({ ...conditionTypes, ...foreignConditionTypes }).join('|');
    expect(findLines(new RegExp(`\\btype(['"]\\])? [!=]== '(${types})'`))).toEqual([]);
  });

  test('has no metadata key as a string literal', () => {
    expect(findLines(/['`][a-z.$A-Z{}]+(\.(ai|io)|GROUP\})\/(?!v\d)[a-z-]+['`=]/)).toEqual([]);
  });
});
