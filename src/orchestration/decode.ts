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

/** An Orchestration of which every field has the type it should have. */
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

/** The codes of what decoding finds; which field gives which is in `codeOf`. */
export const decodingRules = [
  { code: 'MissingSteps', severity: 'deny', isFixed: true },
  { code: 'InvalidField', severity: 'deny', isFixed: true },
  { code: 'StepMissingName', severity: 'deny', isFixed: true },
  { code: 'StepMissingKind', severity: 'deny' },
  { code: 'InvalidDependency', severity: 'deny', isFixed: true },
  { code: 'MissingOrchestrationRef', severity: 'deny', isFixed: true },
] as const satisfies readonly RuleMeaning[];

type DecodingCode = (typeof decodingRules)[number]['code'];

/** What to do where something is absent or empty. */
const CURES: Readonly<Record<DecodingCode, string>> = {
  MissingSteps: 'declare at least one step',
  InvalidField: 'it is required',
  StepMissingName: 'give the step a name',
  StepMissingKind: 'say what the step does, for example AgentRun',
  InvalidDependency: 'name a step, or remove this entry',
  MissingOrchestrationRef: 'name the Orchestration to run',
};

/** Stands for what is no step at all: it keeps its index, has no name and declares nothing. */
const UNREADABLE_STEP: Step = Object.freeze({ name: '', kind: '' });

const ajv = new Ajv({ strict: true, validateFormats: false, logger: false });
const isStep = ajv.addVocabulary(['x-kubernetes-preserve-unknown-fields']).compile<Step>(stepSchema);
const { steps: _, ...headProperties } = orchestrationSpecSchema.properties;

/** What a schema of ours says of a field, and of what is directly inside it: no field goes deeper. */
interface Shape {
  readonly type?: string;
  readonly 'x-kubernetes-preserve-unknown-fields'?: true;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly additionalProperties?: Shape;
  readonly items?: Shape;
}

/** Counts problems by code, and keeps the first of each: what is not kept costs nothing. */
interface Tally {
  /** How many more problems with this code are to be written. */
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
 * Reads an Orchestration from anything. It never fails: what is malformed is reported and left out, a malformed step keeps
 * its index and adds no edge, and `null` means absent. Of each code the first `most` problems are written, in declaration
 * order, and all are counted; nothing is found in what is well-formed.
 * Cost: linear; steps that are well-formed are neither copied nor changed. Ask `checkLimits` first.
 */
export function decodeOrchestration(
  object: unknown,
  most = Infinity,
): { orchestration: Orchestration; findings: readonly Finding[] } {
  const tally = createTally(most);
  const { steps, entrypoint, policies } = asRecord(asRecord(object)['spec']);
  const head = { entrypoint: entrypoint ?? undefined, policies: policies ?? undefined };
  const fields = mend(head, { properties: headProperties }, ['spec'], tally);
  const orchestration = {
    ...nameOf(object),
    ...(typeof fields['entrypoint'] === 'string' && { entrypoint: fields['entrypoint'] }),
    policies: asRecord(fields['policies']),
    steps: decodeSteps(steps ?? undefined, tally),
  };
  return { orchestration, findings: tally.findings() };
}

/** Reads an OrchestrationRun from anything; a malformed field is reported and left out, and the name of what to run is then empty. */
export function decodeOrchestrationRun(
  object: unknown,
  most = Infinity,
): { run: OrchestrationRun; findings: readonly Finding[] } {
  const tally = createTally(most);
  const { orchestrationRef, parameters, deliveryId } = asRecord(asRecord(object)['spec']);
  const given = withoutNulls({ orchestrationRef, parameters, deliveryId });
  const fields = mend(given, orchestrationRunSpecSchema, ['spec'], tally);
  const spec = { orchestrationRef: { name: '' }, ...fields };
  return { run: { ...nameOf(object), spec }, findings: tally.findings() };
}

function decodeSteps(list: unknown, tally: Tally): readonly Step[] {
  if (!Array.isArray(list) || list.length === 0) {
    const found =
      list === undefined ? 'is absent' : Array.isArray(list) ? 'is empty' : `is ${typeName(list)}, not a list`;
    const describe = () => `${found}: ${CURES.MissingSteps}`;
    tally.add('MissingSteps', 1, [{ path: ['spec', 'steps'], describe }]);
    return [];
  }
  return list.every(isWellFormed)
    ? list
    : list.map((raw: unknown, index) => (isWellFormed(raw) ? raw : repairStep(raw, index, tally)));
}

/** The schema allows empty text (a length limit there costs five times the rest): it is looked for here. */
function isWellFormed(raw: unknown): raw is Step {
  return isStep(raw) && raw.name !== '' && raw.kind !== '' && raw.dependsOn?.includes('') !== true;
}

/** A copy of a malformed step with what is wrong taken out and reported. */
function repairStep(raw: unknown, index: number, tally: Tally): Step {
  const path = ['spec', 'steps', index];
  if (!isRecord(raw)) {
    const describe = () => `is ${typeName(raw)}, not an object: a step has a name and a kind`;
    tally.add('InvalidField', 1, tally.room('InvalidField') > 0 ? [{ path, describe }] : []);
    return UNREADABLE_STEP;
  }
  const repaired = withoutNulls(raw);
  mend(repaired, stepSchema, path, tally);
  const { dependsOn } = raw;
  if (repaired['dependsOn'] === undefined && dependsOn !== undefined && dependsOn !== null) {
    repaired['dependsOn'] = Array.isArray(dependsOn)
      ? dependsOn.map((entry) => (typeof entry === 'string' ? entry : ''))
      : [];
  }
  const { name = '', kind = '' } = repaired;
  return Object.assign(repaired, { name, kind }) as Step;
}

/** Reports each mistake in a record without null, and takes the fields that hold one out of it. */
function mend(
  mended: Record<string, unknown>,
  shape: Shape,
  at: Path,
  tally: Tally,
): Readonly<Record<string, unknown>> {
  for (const [field, inside] of Object.entries(shape.properties ?? {})) {
    const value = mended[field];
    if (value === undefined && shape.required?.includes(field) !== true) continue;
    const code = codeOf([...at, field]);
    const { count, first } = inspect(inside, value, code !== 'InvalidField', tally.room(code));
    if (count === 0) continue;
    delete mended[field];
    const problems = first.map(({ key, ...mistake }) => ({
      path: [...at, field, ...(key === undefined ? [] : [key])],
      describe: () => describeMistake(mistake, code),
    }));
    tally.add(code, count, problems);
  }
  return mended;
}

/** A value of a wrong type, or absent, or empty, where `wanted` was due: a field itself, or what it has at `key`. */
interface Mistake {
  readonly key?: string | number;
  readonly value: unknown;
  readonly wanted: string;
}

type Ask = (shape: Shape, found: unknown, key?: string | number) => void;

/** Counts the mistakes in the value of a field, which is without null, and gives the first `most`. */
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

/** Of the types that our schemas name; without one everything is of it. */
export function isOfType(type: string, value: unknown): boolean {
  if (type === 'integer') return Number.isInteger(value);
  if (type === 'array') return Array.isArray(value);
  if (type === 'object') return isRecord(value);
  return type === '' || typeof value === type;
}

/** The one table from a place to a code. */
function codeOf([, list, index, field]: Path): DecodingCode {
  if (list === 'orchestrationRef') return 'MissingOrchestrationRef';
  if (list !== 'steps' || typeof index !== 'number') return 'InvalidField';
  if (field === 'name') return 'StepMissingName';
  if (field === 'kind') return 'StepMissingKind';
  return field === 'dependsOn' ? 'InvalidDependency' : 'InvalidField';
}

function describeMistake({ value, wanted }: Mistake, code: DecodingCode): string {
  if (value === undefined) return `is absent: ${CURES[code]}`;
  return value === '' && wanted === 'string'
    ? `is empty: ${CURES[code]}`
    : `is ${typeName(value)}, not ${article(wanted)}`;
}

/** A type with its article, for a message. */
export function article(type: string): string {
  return type === 'array' ? 'a list' : /^[aeio]/.test(type) ? `an ${type}` : `a ${type}`;
}

/** The value for a message, by type, and itself where it is short. */
export function typeName(value: unknown): string {
  if (typeof value === 'string') return `the string ${quoteName(value)}`;
  if (typeof value === 'number' || typeof value === 'boolean')
    return `the ${typeof value} ${displayName(String(value))}`;
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : 'an object';
}

/** What an object is called; empty where it does not say. */
export function nameOf(object: unknown): { name: string; namespace: string } {
  const { name, namespace } = asRecord(asRecord(object)['metadata']);
  return { name: typeof name === 'string' ? name : '', namespace: typeof namespace === 'string' ? namespace : '' };
}

/** Whether it is an object with fields: no list, and not null. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Itself where it has fields, else an object that has none. */
export function asRecord(value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : {};
}

/** The fields of these names that a record has; of what is no record, none. */
export function pick(record: unknown, fields: readonly string[]): Record<string, unknown> {
  const from = asRecord(record);
  return Object.fromEntries(fields.flatMap((field) => (field in from ? [[field, from[field]]] : [])));
}

/** A copy without what is null, in the object and in those directly inside it: null means absent, save in a list. */
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
