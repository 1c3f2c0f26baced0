import { Ajv } from 'ajv';
import { displayName, quoteName } from '../dag/display.ts';
import type { Finding, FoundProblem, Path, RuleMeaning } from './problem.ts';
import {
  type OrchestrationRunSpec,
  orchestrationRunSpecSchema,
  orchestrationSpecSchema,
  type Step,
  stepSchema,
} from './schema.ts';

/** A decoded Orchestration: every field has a valid type. */
export interface Orchestration {
  readonly name: string;
  readonly namespace: string;
  readonly entrypoint?: string;
  readonly policies: Readonly<Record<string, unknown>>;
  readonly steps: readonly Step[];
}

export interface OrchestrationRun {
  readonly name: string;
  readonly namespace: string;
  readonly spec: OrchestrationRunSpec;
}

/** The rules that decoding checks. `codeOf` maps a field to its rule. */
export const decodingRules = [
  { code: 'MissingSteps', severity: 'deny', isFixed: true },
  { code: 'InvalidField', severity: 'deny', isFixed: true },
  { code: 'StepMissingName', severity: 'deny', isFixed: true },
  { code: 'StepMissingKind', severity: 'deny' },
  { code: 'InvalidDependency', severity: 'deny', isFixed: true },
  { code: 'MissingOrchestrationRef', severity: 'deny', isFixed: true },
] as const satisfies readonly RuleMeaning[];

type DecodingCode = (typeof decodingRules)[number]['code'];

/** The fix for a value that is absent or empty. */
const FIXES: Readonly<Record<DecodingCode, string>> = {
  MissingSteps: 'declare at least one step',
  InvalidField: 'it is required',
  StepMissingName: 'give the step a name',
  StepMissingKind: 'say what the step does, for example AgentRun',
  InvalidDependency: 'name a step, or remove this entry',
  MissingOrchestrationRef: 'name the Orchestration to run',
};

/** Writes the message about a value that is absent. */
export function describeAbsence(code: DecodingCode): string {
  return `is absent: ${FIXES[code]}`;
}

/** Writes the message about an empty list or an empty text. */
export function describeEmptiness(code: DecodingCode): string {
  return `is empty: ${FIXES[code]}`;
}

/** Replaces an entry that is not an object. It keeps the index, has no name and declares nothing. */
const UNREADABLE_STEP: Step = Object.freeze({ name: '', kind: '' });

/**
 * A test checks that the schema is valid. If ajv checked it at each start, it would compile the schema of schemas,
 * which takes a fifth of the start of `lint`.
 */
const ajv = new Ajv({ strict: true, meta: false, validateSchema: false, validateFormats: false, logger: false });
const isStep = ajv.addVocabulary(['x-kubernetes-preserve-unknown-fields']).compile<Step>(stepSchema);
const { steps: _, ...headProperties } = orchestrationSpecSchema.properties;

/**
 * The parts of our schemas that decoding uses. It checks a field and the values directly inside it, and nothing deeper.
 */
interface Shape {
  readonly type?: string;
  readonly 'x-kubernetes-preserve-unknown-fields'?: true;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly additionalProperties?: Shape;
  readonly items?: Shape;
}

/** Counts the problems by code, and keeps the first of each code. A problem that is only counted takes no memory. */
interface Tally {
  /** How many more problems with this code are kept. */
  readonly room: (code: DecodingCode) => number;
  readonly add: (code: DecodingCode, count: number, first: readonly Omit<FoundProblem, 'code'>[]) => void;
  readonly findings: () => readonly Finding[];
}

function createTally(most: number): Tally {
  const byCode = new Map<DecodingCode, { count: number; problems: FoundProblem[] }>();
  return {
    room: (code) => most - (byCode.get(code)?.problems.length ?? 0),
    add: (code, count, first) => {
      const { count: before, problems } = byCode.get(code) ?? { count: 0, problems: [] };
      for (const problem of first) problems.push({ code, ...problem });
      byCode.set(code, { count: before + count, problems });
    },
    findings: () => [...byCode].map(([code, finding]) => ({ code, ...finding })),
  };
}

/**
 * Decodes an Orchestration from any value. It never fails: it reports malformed values and leaves them out. A malformed
 * step keeps its index and adds no edge. `null` means absent. All problems are counted, and for each code the first
 * `most` are returned, in declaration order.
 *
 * Cost: linear. A well-formed step is neither copied nor changed. Call `checkLimits` first.
 */
export function decodeOrchestration(
  object: unknown,
  most = Infinity,
): { orchestration: Orchestration; findings: readonly Finding[] } {
  const tally = createTally(most);
  const { steps, entrypoint, policies } = asRecord(asRecord(object)['spec']);
  const head = { entrypoint: entrypoint ?? undefined, policies: policies ?? undefined };
  const fields = takeOutMistakes(head, { properties: headProperties }, ['spec'], tally);
  const orchestration = {
    ...nameOf(object),
    ...(typeof fields['entrypoint'] === 'string' && { entrypoint: fields['entrypoint'] }),
    policies: asRecord(fields['policies']),
    steps: decodeSteps(steps ?? undefined, tally),
  };
  return { orchestration, findings: tally.findings() };
}

/**
 * Decodes an OrchestrationRun from any value. It reports malformed fields and leaves them out. A malformed reference
 * has an empty name.
 */
export function decodeOrchestrationRun(
  object: unknown,
  most = Infinity,
): { run: OrchestrationRun; findings: readonly Finding[] } {
  const tally = createTally(most);
  const { orchestrationRef, parameters, deliveryId } = asRecord(asRecord(object)['spec']);
  const given = withoutNulls({ orchestrationRef, parameters, deliveryId });
  const fields = takeOutMistakes(given, orchestrationRunSpecSchema, ['spec'], tally);
  const spec = { orchestrationRef: { name: '' }, ...fields };
  return { run: { ...nameOf(object), spec }, findings: tally.findings() };
}

function decodeSteps(list: unknown, tally: Tally): readonly Step[] {
  if (!Array.isArray(list) || list.length === 0) {
    tally.add('MissingSteps', 1, [{ path: ['spec', 'steps'], describe: () => describeLackOfSteps(list) }]);
    return [];
  }
  return list.every(isWellFormed)
    ? list
    : list.map((raw: unknown, index) => (isWellFormed(raw) ? raw : repairStep(raw, index, tally)));
}

function describeLackOfSteps(list: unknown): string {
  if (list === undefined) return describeAbsence('MissingSteps');
  return Array.isArray(list)
    ? describeEmptiness('MissingSteps')
    : `is ${typeName(list)}, not a list: ${FIXES.MissingSteps}`;
}

/**
 * The schema allows empty strings, because a length limit takes five times as long as all other checks. So they are
 * checked here.
 */
function isWellFormed(raw: unknown): raw is Step {
  return isStep(raw) && raw.name !== '' && raw.kind !== '' && raw.dependsOn?.includes('') !== true;
}

/** Returns a copy of a malformed step without its mistakes, which are reported. */
function repairStep(raw: unknown, index: number, tally: Tally): Step {
  const path = ['spec', 'steps', index];
  if (!isRecord(raw)) {
    const describe = () => `is ${typeName(raw)}, not an object: a step has a name and a kind`;
    tally.add('InvalidField', 1, tally.room('InvalidField') > 0 ? [{ path, describe }] : []);
    return UNREADABLE_STEP;
  }
  const repaired = withoutNulls(raw);
  takeOutMistakes(repaired, stepSchema, path, tally);
  const { dependsOn } = raw;
  if (repaired['dependsOn'] === undefined && dependsOn !== undefined && dependsOn !== null) {
    repaired['dependsOn'] = Array.isArray(dependsOn)
      ? dependsOn.map((entry) => (typeof entry === 'string' ? entry : ''))
      : [];
  }
  const { name = '', kind = '' } = repaired;
  return Object.assign(repaired, { name, kind }) as Step;
}

/** Reports each mistake in a record, and deletes the fields that hold one. The record has no null values. */
function takeOutMistakes(
  record: Record<string, unknown>,
  shape: Shape,
  at: Path,
  tally: Tally,
): Readonly<Record<string, unknown>> {
  for (const [field, inside] of Object.entries(shape.properties ?? {})) {
    const value = record[field];
    if (value === undefined && shape.required?.includes(field) !== true) continue;
    const code = codeOf([...at, field]);
    const { count, first } = inspect(inside, value, code !== 'InvalidField', tally.room(code));
    if (count === 0) continue;
    delete record[field];
    const problems = first.map(({ key, ...mistake }) => ({
      path: [...at, field, ...(key === undefined ? [] : [key])],
      describe: () => describeMistake(mistake, code),
    }));
    tally.add(code, count, problems);
  }
  return record;
}

/**
 * A value of the wrong type, or one that is absent or empty. It is a field or, if `key` is set, the value at `key` in a
 * field.
 */
interface Mistake {
  readonly key?: string | number;
  readonly value: unknown;
  readonly wanted: string;
}

type Ask = (shape: Shape, found: unknown, key?: string | number) => void;

/** Counts the mistakes in the value of a field and returns the first `most`. The value has no nulls. */
function inspect(shape: Shape, value: unknown, isNamed: boolean, most: number): { count: number; first: Mistake[] } {
  const first: Mistake[] = [];
  let count = 0;
  const ask: Ask = ({ type = '' }, found, key) => {
    if (isOfType(type, found) && !(isNamed && found === '')) return;
    count++;
    if (first.length < most) first.push({ value: found, wanted: type, ...(key !== undefined && { key }) });
  };
  ask(shape, value);
  if (count === 0) askInside(shape, value, ask);
  return { count, first };
}

function askInside({ items, properties, additionalProperties, required }: Shape, value: unknown, ask: Ask): void {
  if (items !== undefined && Array.isArray(value)) {
    for (let entry = 0; entry < value.length; entry++) ask(items, value[entry], entry);
  }
  if (!isRecord(value)) return;
  for (const [key, inside] of Object.entries(properties ?? {})) {
    if (value[key] !== undefined || required?.includes(key)) ask(inside, value[key], key);
  }
  if (additionalProperties?.type === undefined) return;
  for (const key in value) ask(additionalProperties, value[key], key);
}

/** Returns true if the value has this type, which is one that our schemas use. Every value has the type ''. */
export function isOfType(type: string, value: unknown): boolean {
  if (type === 'integer') return Number.isInteger(value);
  if (type === 'array') return Array.isArray(value);
  if (type === 'object') return isRecord(value);
  return type === '' || typeof value === type;
}

/** Maps the place of a mistake to its code. */
function codeOf([, list, index, field]: Path): DecodingCode {
  if (list === 'orchestrationRef') return 'MissingOrchestrationRef';
  if (list !== 'steps' || typeof index !== 'number') return 'InvalidField';
  if (field === 'name') return 'StepMissingName';
  if (field === 'kind') return 'StepMissingKind';
  return field === 'dependsOn' ? 'InvalidDependency' : 'InvalidField';
}

function describeMistake({ value, wanted }: Mistake, code: DecodingCode): string {
  if (value === undefined) return describeAbsence(code);
  return value === '' && wanted === 'string'
    ? describeEmptiness(code)
    : `is ${typeName(value)}, not ${article(wanted)}`;
}

/** Formats a type for a message, with its article. */
export function article(type: string): string {
  return type === 'array' ? 'a list' : /^[aeio]/.test(type) ? `an ${type}` : `a ${type}`;
}

/** Formats a value for a message: its type and, for a string, number or boolean, the value itself. */
export function typeName(value: unknown): string {
  if (typeof value === 'string') return `the string ${quoteName(value)}`;
  if (typeof value === 'number' || typeof value === 'boolean')
    return `the ${typeof value} ${displayName(String(value))}`;
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : 'an object';
}

/** Returns the name and the namespace of an object. Each is empty if it is absent. */
export function nameOf(object: unknown): { name: string; namespace: string } {
  const { name, namespace } = asRecord(asRecord(object)['metadata']);
  return { name: typeof name === 'string' ? name : '', namespace: typeof namespace === 'string' ? namespace : '' };
}

/** Returns true for an object that is neither a list nor null. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Returns the value itself if it is a record, or else an empty record. */
export function asRecord(value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : {};
}

/** Returns the fields of a record that have these names. A value that is not a record has no fields. */
export function pick(record: unknown, fields: readonly string[]): Record<string, unknown> {
  const from = asRecord(record);
  return Object.fromEntries(fields.flatMap((field) => (field in from ? [[field, from[field]]] : [])));
}

/**
 * Returns a copy without null values in the object and in the objects directly inside it. Null means absent, except in
 * a list.
 */
function withoutNulls(record: Readonly<Record<string, unknown>>, levels = 2): Record<string, unknown> {
  return Object.fromEntries(presentFields(record, levels));
}

function* presentFields(record: Readonly<Record<string, unknown>>, levels: number): Generator<[string, unknown]> {
  for (const field in record) {
    const value = record[field];
    if (value === null || value === undefined) continue;
    yield [field, levels > 1 && isRecord(value) && hasNull(value) ? withoutNulls(value, levels - 1) : value];
  }
}

function hasNull(record: Readonly<Record<string, unknown>>): boolean {
  for (const field in record) if (record[field] === null) return true;
  return false;
}
