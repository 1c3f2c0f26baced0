import { displayName, quoteName } from '../dag/display.ts';
import { suggestName } from '../dag/suggest.ts';
import { asRecord, decodeOrchestration } from '../orchestration/decode.ts';
import {
  concurrencyFields,
  createGuess,
  declarationFields,
  type FieldTable,
  policyFields,
} from '../orchestration/fields.ts';
import { stepKinds } from '../orchestration/kinds/table.ts';
import type { Path } from '../orchestration/problem.ts';
import { listLacking } from '../orchestration/references.ts';
import { runIfs } from '../orchestration/run-if.ts';
import { misspelling } from '../orchestration/unknown-fields.ts';
import { findAncestry } from './ancestry.ts';
import type { Diagnosed } from './diagnose.ts';
import { addDependency, addField, type Edit, removeEntry, renameKey, replaceValue, wrapInList } from './edits.ts';
import { type Fix, type Fixable, findReading, fixOutput, fixReference, textAt, valueIn } from './expression-fixes.ts';
import { schemaAt } from './field-schemas.ts';
import { partOf } from './spot.ts';

type Find = (subject: Fixable) => readonly Fix[];

/** The functions that find fixes, by the code of the problem. They suggest the same names as the message. */
const finders: Readonly<Record<string, Find>> = {
  MissingDependency: (subject) => {
    const own = subject.orchestration.steps[indexOf(subject)]?.name;
    const others = subject.orchestration.steps.map(({ name }) => name).filter((name) => name !== own);
    return [...replaceBy(subject, others), ...removeIt(subject)];
  },
  SelfDependency: removeIt,
  DuplicateDependency: removeIt,
  DependencyCycle: removeIt,
  InvalidDependency: (subject) => fix('Make it a list of one name', wrapInList(subject.object, subject.path)),
  MixedDependsOn: writeRoots,
  EntrypointMissing: (subject) =>
    replaceBy(
      subject,
      subject.orchestration.steps.map(({ name }) => name),
    ),
  UnknownStepKind: (subject) =>
    replaceBy(
      subject,
      stepKinds.all.map(({ name }) => name),
    ),
  InvalidField: (subject) => (subject.path.at(-1) === 'runIf' ? replaceBy(subject, runIfs) : []),
  UnknownField: renameUnknown,
  UnknownSpecField: (subject) => {
    const known = schemaAt(subject.object.kind, subject.path.slice(0, -1))?.properties ?? {};
    return renameTo(subject, subject.path, suggestName(String(subject.path.at(-1)), Object.keys(known)));
  },
  MissingStepReference: (subject) => {
    const step = subject.orchestration.steps[indexOf(subject)];
    if (step === undefined) return [];
    return listLacking(step, stepKinds.get(step.kind))
      .flat()
      .flatMap((field) => {
        const found = misspelling(step, field, stepKinds.fields);
        return found === undefined ? [] : renameTo(subject, [...subject.path, found], field);
      });
  },
  UnknownReference: fixReference,
  UnknownOutput: fixOutput,
  ReferenceNotAncestor: addAncestor,
  UnknownPlaceholder: ({ object, path, span }) => {
    const { start } = partOf(object, path, span);
    return fix('Keep it as text, as $${{', [{ start, end: start, text: '$' }]);
  },
};

/** The codes of the problems that have fixes. */
export const fixableCodes: readonly string[] = Object.keys(finders);

/** The changes that remove a problem, the likeliest first. Empty if none is known. */
export function findFixes({ code, of }: Diagnosed): readonly Fix[] {
  const find = Object.hasOwn(finders, code) ? finders[code] : undefined;
  if (find === undefined || of === undefined) return [];
  const { object, problem } = of;
  const { path, span } = problem;
  const { orchestration } = decodeOrchestration(object.value);
  return find({ object, orchestration, path, ...(span && { span }) });
}

function fix(title: string, edits: readonly Edit[]): readonly Fix[] {
  return edits.length === 0 ? [] : [{ title, edits }];
}

function indexOf({ path }: Fixable): number {
  return typeof path[2] === 'number' ? path[2] : -1;
}

function currentText({ object, path }: Fixable): string {
  return textAt(object.value, path);
}

function replaceBy(subject: Fixable, candidates: readonly string[]): readonly Fix[] {
  const meant = suggestName(currentText(subject), candidates);
  return meant === undefined
    ? []
    : fix(`Change it to ${quoteName(meant)}`, replaceValue(subject.object, subject.path, meant));
}

function removeIt(subject: Fixable): readonly Fix[] {
  return fix(`Remove ${quoteName(currentText(subject))} from dependsOn`, removeEntry(subject.object, subject.path));
}

function renameTo({ object }: Fixable, path: Path, meant: string | undefined): readonly Fix[] {
  if (meant === undefined) return [];
  return fix(`Rename ${displayName(String(path.at(-1)))} to ${meant}`, renameKey(object, path, meant));
}

/** No fix if the field is there already, or if its value would have to move into an inner field. */
function renameUnknown(subject: Fixable): readonly Fix[] {
  const { object, path } = subject;
  const table = tableAt(path.slice(0, -1));
  const field = String(path.at(-1));
  const meant = table && createGuess(table)(field);
  const siblings = asRecord(valueIn(object.value, path.slice(0, -1)));
  if (meant === undefined || siblings[meant] !== undefined) return [];
  const isInner = table?.fields.get(meant)?.inside !== undefined && typeof siblings[field] !== 'object';
  return isInner ? [] : renameTo(subject, path, meant);
}

/** The fields that are read at a path. */
function tableAt([, list, ...inside]: Path): FieldTable | undefined {
  if (list === 'steps') {
    const [, field, ...rest] = inside;
    if (field === undefined) return stepKinds.fields;
    return rest.length === 0 ? stepKinds.fields.fields.get(String(field))?.inside : undefined;
  }
  const [policy, ...rest] = inside;
  if (policy === undefined) return policyFields;
  if (policy === 'parameters') return rest.length === 1 ? declarationFields : undefined;
  return policy === 'concurrency' ? concurrencyFields : policyFields.fields.get(String(policy))?.inside;
}

function writeRoots({ object, orchestration: { steps } }: Fixable): readonly Fix[] {
  const roots = steps.flatMap(({ dependsOn, name }, index) =>
    index > 0 && name !== '' && dependsOn === undefined ? [index] : [],
  );
  const edits = roots.map((index) => addField(object, index, 'dependsOn: []'));
  if (edits.some((edit) => edit.length === 0)) return [];
  return fix(
    `Write dependsOn: [] in ${roots.length === 1 ? 'this step' : `these ${roots.length} steps`}`,
    edits.flat(),
  );
}

function addAncestor(subject: Fixable): readonly Fix[] {
  const { object, orchestration } = subject;
  const reading = findReading(subject);
  if (reading === undefined || !('step' in reading)) return [];
  const index = indexOf(subject);
  const target = orchestration.steps.findIndex(({ name }) => name === reading.step);
  if (!findAncestry(orchestration.steps, index).candidates.has(target)) return [];
  return fix(`Add ${quoteName(reading.step)} to dependsOn`, addDependency(object, index, reading.step));
}
