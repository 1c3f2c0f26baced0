import { isDeepStrictEqual } from 'node:util';
import { readDocuments } from '../../../../src/cli/files/documents.ts';
import { findIgnored } from '../../../../src/cli/files/ignored-fields.ts';
import { type Manifest, toManifest } from '../../../../src/cli/files/manifest.ts';
import { judgeManifests, type LintProblem } from '../../../../src/cli/files/report.ts';
import { problemFormats } from '../../../../src/cli/format/problems.ts';
import { withoutEmoji } from '../../../support/steps.ts';
import { demand, isLine } from '../../demand.ts';

/** Reads a text as `lint` reads a file, YAML or JSON, judges what is in it, and writes the problems in every format. */
export function fuzz(data: Uint8Array): void {
  const text = new TextDecoder().decode(data);
  const documents = readDocuments(text);
  for (const { value, mistakes } of documents) if (mistakes.length === 0) checkPrinted(value);
  checkJson(text, documents);
  const manifest = toManifest('fuzz.yaml', documents);
  for (const mistake of manifest.mistakes) demand(isLine(mistake.message), `a line, not ${mistake.message}`);
  const report = judgeManifests([manifest], findIgnored);
  for (const problem of report.problems) checkProblem(problem, text, manifest);
  for (const format of Object.values(problemFormats)) format(report, false);
  JSON.parse(problemFormats.json(report));
  JSON.parse(problemFormats.sarif(report));
  const lines = problemFormats.text(report, false).split('\n');
  demand(
    lines.every((line) => line === '' || !/[\p{C}\p{Zl}\p{Zp}]/u.test(withoutEmoji(line))),
    'lines that act on no terminal',
  );
}

type Documents = ReturnType<typeof readDocuments>;

/** What is printed as JSON and read again is equal. JSON has no number that is not finite, and no empty document. */
function checkPrinted(value: unknown): void {
  const printed = JSON.stringify(value);
  const [again] = readDocuments(printed);
  const isSame = again === undefined ? printed === 'null' : isDeepStrictEqual(again.value, JSON.parse(printed));
  demand(isSame, `${printed} to be read again, not ${JSON.stringify(again)}`);
}

/** A text that is JSON is read as JSON, unless it gives a key twice, is nested too deep, or was no UTF-8. */
function checkJson(text: string, documents: Documents): void {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return;
  }
  const [document, ...others] = documents;
  demand(others.length === 0, 'one document of one JSON text');
  const { mistakes = [], value: read = null } = document ?? {};
  const isRefused = mistakes.some(({ message }) => /given twice|too deep|not UTF-8/.test(message));
  demand(
    isRefused || isDeepStrictEqual(plain(read), plain(value)),
    `${text} as JSON, not ${JSON.stringify({ read, mistakes })}`,
  );
}

/** Without the sign of a zero, which no field of ours has. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

/** A problem is a line at a place in the text, which has the field at fault or what should hold that field. */
function checkProblem(
  { line, column, end, field, message, kind }: LintProblem,
  text: string,
  manifest: Manifest,
): void {
  demand(isLine(message), `a line, not ${message}`);
  const lines = text.split(/\r\n|\r|\n/);
  const isPlace = (at: { line: number; column: number }) =>
    at.line >= 1 && at.line <= lines.length && at.column >= 1 && at.column <= (lines[at.line - 1]?.length ?? 0) + 1;
  demand(isPlace({ line, column }), `a place in the text, not ${line}:${column}`);
  if (end !== undefined) {
    demand(isPlace(end), `an end in the text, not ${end.line}:${end.column}`);
    demand(end.line > line || (end.line === line && end.column >= column), 'an end behind the start');
  }
  if (kind === '' || field === '') return;
  const holders = manifest.objects.map(({ value }) => value);
  demand(
    holders.some((value) => isHeld(value, field)),
    `a field that is in the text, not ${field}`,
  );
}

/** Whether a field, written as problems write it, is in a value, or what should hold it is: its last part may be absent. */
function isHeld(value: unknown, field: string): boolean {
  const parts = [...field.matchAll(/\[(\d+)\]|\.?([A-Za-z_][A-Za-z0-9_-]*)/g)].map(
    ([, index, name]) => index ?? name ?? '',
  );
  let inside: unknown = value;
  // A key that is no identifier is in brackets, and may be cut: it ends the search.
  const isPlain = !/\[(?!\d+\])/.test(field);
  for (const [at, part] of parts.entries()) {
    if (typeof inside !== 'object' || inside === null) return at >= parts.length - 1 || !isPlain;
    if (!Object.hasOwn(inside, part)) return at >= parts.length - 2 || !isPlain;
    inside = (inside as Readonly<Record<string, unknown>>)[part];
  }
  return true;
}
