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

/** What to do where something is absent or empty. */
const CURES: Readonly<Record<DecodingCode, string>> = {
  MissingSteps: 'declare at least one step',
  InvalidField: 'it is required',
  StepMissingName: 'give the step a name',
  StepMissingKind: 'say what the step does, for example AgentRun',
  InvalidDependency: 'name a step, or remove this entry',
  MissingOrchestrationRef: 'name the Orchestration to run',
};

/** Twenty times what an answer shows: it bounds memory on hostile input. */
const MOST_PROBLEMS = 1000;
/** A list or map longer than this is judged up to its first mistake, since every mistake costs an object. */
const LARGE_COLLECTION = 1000;

/** Stands for what is no step at all: it keeps its index, has no name and declares nothing. */
const UNREADABLE_STEP: Step = Object.freeze({ name: '', kind: '' });

const options = { strict: true, validateFormats: false, verbose: true, logger: false } as const;
const vocabulary = ['x-kubernetes-preserve-unknown-fields'];
const untilFirst = new Ajv({ ...options, allErrors: false }).addVocabulary(vocabulary);
const untilLast = new Ajv({ ...options, allErrors: true }).addVocabulary(vocabulary);

const isStep = untilFirst.compile<Step>(stepSchema);
const { steps: _, ...headProperties } = orchestrationSpecSchema.properties;
const head = compileFields({ properties: headProperties });
const step = compileFields(stepSchema);
const run = compileFields(orchestrationRunSpecSchema);

/** Validators field by field, so that a large field judged up to its first mistake leaves none in another. */
interface Fields {
  readonly required: readonly string[];
  readonly validators: readonly { field: string; first: ValidateFunction; all: ValidateFunction }[];
}

function compileFields(schema: { required?: readonly string[]; properties: Record<string, object> }): Fields {
  const validators = Object.entries(schema.properties).map(([field, inside]) => ({
    field,
    first: untilFirst.compile(inside),
    all: untilLast.compile(inside),
  }));
  return { required: schema.required ?? [], validators };
}

type Tell = (code: DecodingCode, path: Path, describe: () => string) => void;

/** A list of problems and what adds to it: beyond MOST_PROBLEMS only codes not told yet, so that no verdict is lost. */
function collectProblems(): { problems: readonly FoundProblem[]; tell: Tell } {
  const problems: FoundProblem[] = [];
  const codes = new Set<DecodingCode>();
  const tell: Tell = (code, path, describe) => {
    if (problems.length >= MOST_PROBLEMS && codes.has(code)) return;
    codes.add(code);
    problems.push({ code, path, describe });
  };
  return { problems, tell };
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
  const { problems, tell } = collectProblems();
  const { steps: list, ...fields } = withoutNulls(asRecord(asRecord(object)['spec']));
  mend(fields, head, ['spec'], tell);
  const { entrypoint, policies } = fields;
  const orchestration = {
    ...nameOf(object),
    ...(typeof entrypoint === 'string' && { entrypoint }),
    policies: asRecord(policies),
    steps: decodeSteps(list, tell),
  };
  return { orchestration, problems };
}

/** Reads an OrchestrationRun from anything; a malformed field is told and left out, and the name of what to run is then empty. */
export function decodeOrchestrationRun(object: unknown): { run: OrchestrationRun; problems: readonly FoundProblem[] } {
  const { problems, tell } = collectProblems();
  const fields = withoutNulls(asRecord(asRecord(object)['spec']));
  mend(fields, run, ['spec'], tell);
  const spec: OrchestrationRunSpec = { orchestrationRef: { name: '' }, ...fields };
  if (fields['orchestrationRef'] !== undefined && spec.orchestrationRef.name === '') {
    const path = ['spec', 'orchestrationRef', 'name'];
    tell('MissingOrchestrationRef', path, () => describeEmpty('MissingOrchestrationRef'));
  }
  return { run: { ...nameOf(object), spec }, problems };
}

function decodeSteps(list: unknown, tell: Tell): readonly Step[] {
  if (!Array.isArray(list) || list.length === 0) {
    const found =
      list === undefined ? 'is absent' : Array.isArray(list) ? 'is empty' : `is ${typeName(list)}, not a list`;
    tell('MissingSteps', ['spec', 'steps'], () => `${found}: ${CURES.MissingSteps}`);
    return [];
  }
  return list.every(isWellFormed)
    ? list
    : list.map((raw: unknown, index) => (isWellFormed(raw) ? raw : repairStep(raw, index, tell)));
}

/** A copy of a malformed step with what is wrong taken out and told. */
function repairStep(raw: unknown, index: number, tell: Tell): Step {
  const path = ['spec', 'steps', index];
  if (!isRecord(raw)) {
    tell('InvalidField', path, () => `is ${typeName(raw)}, not an object: a step has a name and a kind`);
    return UNREADABLE_STEP;
  }
  const repaired = withoutNulls(raw);
  const { dependsOn } = repaired;
  mend(repaired, step, path, tell);
  if (dependsOn !== undefined && repaired['dependsOn'] === undefined) {
    repaired['dependsOn'] = Array.isArray(dependsOn)
      ? dependsOn.map((entry) => (typeof entry === 'string' ? entry : ''))
      : [];
  }
  tellEmpty(repaired, dependsOn, path, tell);
  return { name: '', kind: '', ...repaired };
}

/** The schema lets empty text pass (a length limit there costs five times the rest): it is looked for here. */
function isWellFormed(raw: unknown): raw is Step {
  return isStep(raw) && raw.name !== '' && raw.kind !== '' && raw.dependsOn?.includes('') !== true;
}

function tellEmpty({ name, kind }: Record<string, unknown>, dependsOn: unknown, at: Path, tell: Tell): void {
  const empty = (code: DecodingCode, ...inside: Path) => tell(code, [...at, ...inside], () => describeEmpty(code));
  if (name === '') empty('StepMissingName', 'name');
  if (kind === '') empty('StepMissingKind', 'kind');
  if (!Array.isArray(dependsOn)) return;
  for (const [entry, wanted] of dependsOn.entries()) if (wanted === '') empty('InvalidDependency', 'dependsOn', entry);
}

function describeEmpty(code: DecodingCode): string {
  return `is empty: ${CURES[code]}`;
}

function describeAbsent(code: DecodingCode): string {
  return `is absent: ${CURES[code]}`;
}

/** Tells each mistake in `record`, and takes the fields that hold one out of it. */
function mend(record: Record<string, unknown>, { required, validators }: Fields, at: Path, tell: Tell): void {
  for (const field of required) {
    const path = [...at, field];
    const code = codeOf(path);
    if (record[field] === undefined) tell(code, path, () => describeAbsent(code));
  }
  for (const { field, first, all } of validators) {
    const value = record[field];
    if (value === undefined) continue;
    const validate = isLarge(value) ? first : all;
    if (validate(value)) continue;
    for (const error of validate.errors ?? []) {
      const path = [...at, field, ...pathOf(error, value)];
      const code = codeOf(path);
      tell(code, path, () => describeMistake(error, code));
    }
    delete record[field];
  }
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

function describeMistake({ params, data }: ErrorObject, code: DecodingCode): string {
  if ('missingProperty' in params) return describeAbsent(code);
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

/** Whether it is an object with fields: no list, and not null. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Itself where it has fields, else an object that has none. */
export function asRecord(value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : {};
}

/** A copy without what is null, in the object and in those directly inside it: null means absent, save in a list. */
function withoutNulls(record: Record<string, unknown>): Record<string, unknown> {
  const copy = { ...record };
  for (const [field, value] of Object.entries(record)) {
    if (value === null) delete copy[field];
    else if (isRecord(value) && Object.values(value).includes(null)) copy[field] = withoutNull(value);
  }
  return copy;
}

function withoutNull(record: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== null));
}

function isLarge(value: unknown): boolean {
  return (Array.isArray(value) ? value.length : isRecord(value) ? Object.keys(value).length : 0) > LARGE_COLLECTION;
}
