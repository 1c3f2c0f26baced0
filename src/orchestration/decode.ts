import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { displayName, quoteName } from '../dag/display.ts';
import type { FoundProblem, Path, RuleMeaning } from './problem.ts';
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

/** Beyond so many problems decoding only repairs: twenty times what an answer shows, and it bounds memory on hostile input. */
const MOST_PROBLEMS = 1000;
/** A list or map longer than this is judged up to its first mistake, since every mistake costs an object. */
const LARGE_COLLECTION = 1000;

/** Stands for what is no step at all: it keeps its index, has no name and waits for nothing. */
const UNREADABLE_STEP: Step = Object.freeze({ name: '', kind: '', dependsOn: Object.freeze([]) as never });

const options = { strict: true, validateFormats: false, verbose: true, logger: false } as const;
const vocabulary = ['x-kubernetes-preserve-unknown-fields'];
const untilFirst = new Ajv({ ...options, allErrors: false }).addVocabulary(vocabulary);
const untilLast = new Ajv({ ...options, allErrors: true }).addVocabulary(vocabulary);

const { steps: _, ...headProperties } = orchestrationSpecSchema.properties;
const head = compile({ type: 'object', properties: headProperties });
const step = compile<Step>(stepSchema);
const run = compile<OrchestrationRunSpec>(orchestrationRunSpecSchema);

interface Validators<T> {
  readonly first: ValidateFunction<T>;
  readonly all: ValidateFunction<T>;
}

function compile<T>(schema: object): Validators<T> {
  return { first: untilFirst.compile<T>(schema), all: untilLast.compile<T>(schema) };
}

/**
 * Reads an Orchestration from anything. It never fails: what is malformed is told as a problem and left out, a malformed
 * step keeps its index and adds no edge, and `null` means absent. `problems` are in declaration order.
 * Cost: linear; steps that are well-formed are neither copied nor changed.
 */
export function decodeOrchestration(object: unknown): {
  orchestration: Orchestration;
  problems: readonly FoundProblem[];
} {
  const problems: FoundProblem[] = [];
  const spec = asRecord(asRecord(object)['spec']);
  const { steps: list, ...fields } = withoutNulls(spec);
  report(problems, head, fields, ['spec']);
  const { entrypoint, policies } = fields;
  const orchestration = {
    ...nameOf(object),
    ...(typeof entrypoint === 'string' && { entrypoint }),
    policies: asRecord(policies),
    steps: decodeSteps(list, problems),
  };
  return { orchestration, problems };
}

/** Reads an OrchestrationRun from anything; a malformed field is told and left out, and the name of what to run is then empty. */
export function decodeOrchestrationRun(object: unknown): { run: OrchestrationRun; problems: readonly FoundProblem[] } {
  const problems: FoundProblem[] = [];
  const fields = withoutNulls(asRecord(asRecord(object)['spec']));
  for (const field of report(problems, run, fields, ['spec'])) delete fields[field];
  const spec: OrchestrationRunSpec = { orchestrationRef: { name: '' }, ...fields };
  if (fields['orchestrationRef'] !== undefined && spec.orchestrationRef.name === '') {
    const path = ['spec', 'orchestrationRef', 'name'];
    problems.push({ code: 'MissingOrchestrationRef', path, describe: () => 'is empty: name the Orchestration to run' });
  }
  return { run: { ...nameOf(object), spec }, problems };
}

function decodeSteps(list: unknown, problems: FoundProblem[]): readonly Step[] {
  if (!Array.isArray(list) || list.length === 0) {
    const found =
      list === undefined ? 'is absent' : Array.isArray(list) ? 'is empty' : `is ${typeName(list)}, not a list`;
    problems.push({
      code: 'MissingSteps',
      path: ['spec', 'steps'],
      describe: () => `${found}: declare at least one step`,
    });
    return [];
  }
  return list.every(isWellFormed)
    ? list
    : list.map((raw: unknown, index) => (isWellFormed(raw) ? raw : repairStep(raw, index, problems)));
}

/** A copy of a malformed step with what is wrong taken out and told. */
function repairStep(raw: unknown, index: number, problems: FoundProblem[]): Step {
  if (problems.length > MOST_PROBLEMS) return UNREADABLE_STEP;
  const path = ['spec', 'steps', index];
  if (!isRecord(raw)) {
    problems.push({
      code: 'InvalidField',
      path,
      describe: () => `is ${typeName(raw)}, not an object: a step has a name and a kind`,
    });
    return UNREADABLE_STEP;
  }
  const repaired = withoutNulls(raw);
  const { dependsOn } = repaired;
  for (const field of report(problems, step, repaired, path)) delete repaired[field];
  if (dependsOn !== undefined && repaired['dependsOn'] === undefined) {
    repaired['dependsOn'] = Array.isArray(dependsOn)
      ? dependsOn.map((entry) => (typeof entry === 'string' ? entry : ''))
      : [];
  }
  reportEmpty(problems, repaired, dependsOn, path);
  return { name: '', kind: '', ...repaired };
}

/** The schema lets empty text pass (a length limit there costs five times the rest): it is looked for here. */
function isWellFormed(raw: unknown): raw is Step {
  return step.first(raw) && raw.name !== '' && raw.kind !== '' && raw.dependsOn?.includes('') !== true;
}

function reportEmpty(problems: FoundProblem[], { name, kind }: Record<string, unknown>, dependsOn: unknown, at: Path) {
  const empty = (code: DecodingCode, ...inside: Path) =>
    problems.push({ code, path: [...at, ...inside], describe: () => 'is empty' });
  if (name === '') empty('StepMissingName', 'name');
  if (kind === '') empty('StepMissingKind', 'kind');
  if (!Array.isArray(dependsOn)) return;
  for (const [entry, wanted] of dependsOn.entries()) if (wanted === '') empty('InvalidDependency', 'dependsOn', entry);
}

/** Tells each mistake in `value`, and returns the fields of `value` that hold one. */
function report<T>(problems: FoundProblem[], { first, all }: Validators<T>, value: Record<string, unknown>, at: Path) {
  const validate = Object.values(value).some(isLarge) ? first : all;
  if (validate(value)) return [];
  return (validate.errors ?? []).map((error) => {
    const inside = pathOf(error, value);
    const path = [...at, ...inside];
    problems.push({ code: codeOf(path), path, describe: () => describeMistake(error) });
    return String(inside[0]);
  });
}

/** The one table from a place to a code. */
function codeOf([, list, index, field]: Path): DecodingCode {
  if (list === 'orchestrationRef') return 'MissingOrchestrationRef';
  if (list !== 'steps' || typeof index !== 'number') return 'InvalidField';
  if (field === 'name') return 'StepMissingName';
  if (field === 'kind') return 'StepMissingKind';
  return field === 'dependsOn' ? 'InvalidDependency' : 'InvalidField';
}

function pathOf({ instancePath, params }: ErrorObject, value: unknown): Path {
  let place = value;
  const path = instancePath
    .split('/')
    .slice(1)
    .map((segment) => {
      const key = segment.replaceAll('~1', '/').replaceAll('~0', '~');
      const step = Array.isArray(place) ? Number(key) : key;
      place = (place as Record<string | number, unknown>)[step];
      return step;
    });
  return 'missingProperty' in params ? [...path, String(params['missingProperty'])] : path;
}

function describeMistake({ params, data }: ErrorObject): string {
  if ('missingProperty' in params) return 'is absent: it is required';
  return `is ${typeName(data)}, not ${article(String(params['type']))}`;
}

function article(type: string): string {
  return type === 'array' ? 'a list' : /^[aeio]/.test(type) ? `an ${type}` : `a ${type}`;
}

/** The value for a message, by type, and itself where it is short. */
function typeName(value: unknown): string {
  if (typeof value === 'string') return `the string ${quoteName(value)}`;
  if (typeof value === 'number' || typeof value === 'boolean')
    return `the ${typeof value} ${displayName(String(value))}`;
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : 'an object';
}

function nameOf(object: unknown): { name: string; namespace: string } {
  const { name, namespace } = asRecord(asRecord(object)['metadata']);
  return { name: typeof name === 'string' ? name : '', namespace: typeof namespace === 'string' ? namespace : '' };
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function asRecord(value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : {};
}

function withoutNulls(record: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== null));
}

function isLarge(value: unknown): boolean {
  return (Array.isArray(value) ? value.length : isRecord(value) ? Object.keys(value).length : 0) > LARGE_COLLECTION;
}
