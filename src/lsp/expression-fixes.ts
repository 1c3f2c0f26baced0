import { quoteName } from '../dag/display.ts';
import { suggestName } from '../dag/suggest.ts';
import type { Reading } from '../expressions/expression.ts';
import type { Span } from '../expressions/mistake.ts';
import { readDeclared } from '../orchestration/declared-parameters.ts';
import type { Orchestration } from '../orchestration/decode.ts';
import type { Path } from '../orchestration/problem.ts';
import type { Edit } from './edits.ts';
import type { EditedObject } from './reading.ts';
import { exactPartOf } from './spot.ts';
import { listReads } from './target.ts';

/** A change that removes a problem. */
export interface Fix {
  /** An imperative without a full stop. */
  readonly title: string;
  readonly edits: readonly Edit[];
}

/** A problem of an Orchestration, and what its fixes look at. */
export interface Fixable {
  readonly object: EditedObject;
  readonly orchestration: Orchestration;
  readonly path: Path;
  readonly span?: Span;
}

/** Finds what the expression reads at the span of the problem. */
export function findReading({ orchestration, path, span }: Fixable): Reading | undefined {
  return listReads(orchestration, path).find(
    (reading) => reading.span.offset === span?.offset && reading.span.length === span.length,
  );
}

/** Changes the name of a step or a parameter that does not exist to the one that it resembles. */
export function fixReference(subject: Fixable): readonly Fix[] {
  const reading = findReading(subject);
  if (reading === undefined || reading.type === 'Run') return [];
  const { orchestration } = subject;
  return reading.type === 'Parameter'
    ? renameIn(subject, reading.span, reading.name, [...readDeclared(orchestration).keys()])
    : renameIn(
        subject,
        reading.span,
        reading.step,
        orchestration.steps.map(({ name }) => name),
        true,
      );
}

/** Changes the name of an output that is not declared to the one that it resembles. */
export function fixOutput(subject: Fixable): readonly Fix[] {
  const reading = findReading(subject);
  if (reading?.type !== 'Output') return [];
  const step = subject.orchestration.steps.find(({ name }) => name === reading.step);
  return renameIn(subject, reading.span, reading.output, Object.keys(step?.outputs ?? {}));
}

/** `isStep`: the name can have dashes after a dot. */
function renameIn(
  subject: Fixable,
  span: Span,
  name: string,
  known: readonly string[],
  isStep = false,
): readonly Fix[] {
  const meant = suggestName(name, known);
  if (meant === undefined) return [];
  const { object, path } = subject;
  const written = textAt(object.value, path).slice(span.offset, span.offset + span.length);
  // The name of an output comes last, after the name of its step, which can be the same.
  const at = isStep ? written.indexOf(name, 'steps'.length) : written.lastIndexOf(name);
  const isDotted = written[at - 1] === '.';
  const fits = isStep || !isDotted || /^[A-Za-z_]\w*$/.test(meant);
  if (at === -1 || !fits || /["'\\]/.test(meant)) return [];
  const part = exactPartOf(object, path, { offset: span.offset + at, length: name.length });
  return part === undefined ? [] : [{ title: `Change it to ${quoteName(meant)}`, edits: [{ ...part, text: meant }] }];
}

/** The text at a path of an object. Empty if there is none. */
export function textAt(value: unknown, path: Path): string {
  const found = valueIn(value, path);
  return typeof found === 'string' ? found : '';
}

/** The value at a path of an object. */
export function valueIn(value: unknown, path: Path): unknown {
  return path.reduce((found, segment) => (found as Record<string, unknown> | null | undefined)?.[segment], value);
}
