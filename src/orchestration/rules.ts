import { quoteName } from '../dag/display.ts';
import { suggestName } from '../dag/suggest.ts';
import { asRecord, isRecord, type Orchestration, typeName } from './decode.ts';
import { isEqual } from './equality.ts';
import { type FieldTable, policyFields } from './fields.ts';
import type { StepKinds } from './kinds/step-kinds.ts';
import { stepKinds } from './kinds/table.ts';
import { collect, type Finding, type Found, type FoundProblem, type Path, type RuleMeaning } from './problem.ts';
import { isLacking, listLacking, readReference } from './references.ts';
import type { Step } from './schema.ts';
import { findUnknownFields, misspelling, UNKNOWN_FIELD } from './unknown-fields.ts';

/**
 * The maximum depth of lists and objects in a step or the policies. No user needs more, and a stack overflow needs
 * 5,000.
 */
export const MOST_LEVELS = 500;

const LONGEST_LABEL = 63;

const WHOLE = 'a whole number of 0 or more';

const ENTRYPOINT_MEANS =
  'The agents chart marks the Orchestration Invalid for this (EntrypointMissing); this reconciler ignores it';

const STEP_DURATIONS = ['retries', 'retryBackoffSeconds', 'timeoutSeconds', 'pendingTimeoutSeconds'] as const;

type Place = Omit<FoundProblem, 'code'>;

/** An Orchestration, and the steps that it was decoded from. */
interface Subject extends Orchestration {
  /** The steps as received, with the malformed values that decoding leaves out. */
  readonly given: readonly unknown[];
  /** Whether the gate wrote all `dependsOn` as the sequential default. */
  readonly isDefaulted: boolean;
  /** The known step kinds. */
  readonly kinds: StepKinds;
}

interface ResourceRule extends RuleMeaning {
  readonly find: (subject: Subject, most: number) => Found;
}

/** The rules of the resource, except those of its graph. Problems at the same place are reported in this order. */
export const resourceRules = [
  { code: 'NestingTooDeep', severity: 'deny', isFixed: true, find: all(deepNesting) },
  { code: 'SubOrchestrationCycle', severity: 'deny', find: all(ownSubOrchestrations) },
  { code: 'EntrypointMissing', severity: 'warn', find: all(missingEntrypoint) },
  { code: 'UnknownStepKind', severity: 'warn', find: all(unknownKinds) },
  { code: 'MissingStepReference', severity: 'warn', find: all(missingReferences) },
  { code: UNKNOWN_FIELD, severity: 'warn', find: findUnknownFields },
  { code: 'ChildWouldBeDenied', severity: 'warn', find: findDeniedChildren },
  { code: 'NonPortableStepName', severity: 'warn', find: all(nonPortableNames) },
  { code: 'InvalidDuration', severity: 'warn', find: all(invalidDurations) },
  { code: 'InvalidPolicy', severity: 'warn', find: all(invalidPolicies) },
] as const satisfies readonly ResourceRule[];

/** Makes a rule from a function that returns all problems. Use it for rules that find few problems in each step. */
function all(find: (subject: Subject) => readonly Place[]): ResourceRule['find'] {
  return (subject) => {
    const problems = find(subject);
    return { count: problems.length, problems };
  };
}

/**
 * Returns the problems of the resource, except those of its graph, rule by rule, at most `most` for each rule. Linear
 * in the size of the object.
 */
export function checkResource(subject: Subject, most = Infinity): readonly Finding[] {
  return resourceRules
    .map(({ code, find }) => ({ code, found: find(subject, most) }))
    .filter(({ found }) => found.count > 0)
    .map(({ code, found: { count, problems } }) => ({
      code,
      count,
      problems: problems.map((problem) => ({ code, ...problem })),
    }));
}

/** Returns the names of the Orchestrations that this one runs as steps, with the places of the references. */
export function subOrchestrations(
  { steps }: Orchestration,
  kinds = stepKinds,
): readonly { readonly name: string; readonly path: Path }[] {
  const fieldOf = ({ kind }: Step) => {
    const found = kinds.get(kind);
    return found?.type === 'Child' ? found.runs : undefined;
  };
  return findSteps(steps, (step) => fieldOf(step) !== undefined).flatMap(({ index, step }) => {
    const field = fieldOf(step) ?? '';
    const name = readReference(step, field);
    return name === undefined ? [] : [{ name, path: stepPath(index, field, 'name') }];
  });
}

function ownSubOrchestrations({ kinds, ...orchestration }: Subject): Place[] {
  const { name: own } = orchestration;
  return subOrchestrations(orchestration, kinds)
    .filter(({ name }) => name === own)
    .map(({ path }) => ({
      path,
      describe: () => `${quoteName(own)} would run itself without end: refer to another Orchestration`,
    }));
}

function missingEntrypoint({ entrypoint, steps }: Orchestration): Place[] {
  if (entrypoint === undefined || entrypoint === '' || steps.some(({ name }) => name === entrypoint)) return [];
  const describe = () => {
    const meant = suggestName(
      entrypoint,
      steps.map(({ name }) => name),
    );
    const fix = meant === undefined ? 'name a step, or remove it.' : `did you mean ${quoteName(meant)}?`;
    return `no step is named ${quoteName(entrypoint)}: ${fix} ${ENTRYPOINT_MEANS}`;
  };
  return [{ path: ['spec', 'entrypoint'], describe }];
}

function unknownKinds({ steps, kinds }: Subject): Place[] {
  const isUnknown = ({ kind }: Step) => kind !== '' && kinds.get(kind) === undefined;
  return findSteps(steps, isUnknown).map(({ index, step: { kind } }) => ({
    path: stepPath(index, 'kind'),
    describe: () => {
      const known = kinds.all.map(({ name }) => name);
      return `unknown kind ${quoteName(kind)}${guess(kind, known) || `; the known kinds are ${known.join(', ')}`}`;
    },
  }));
}

/** A reference that is present and malformed is not reported here, because decoding reports it. */
function missingReferences({ steps, given, kinds }: Subject): Place[] {
  return findSteps(steps, (step) => isLacking(step, kinds.get(step.kind))).flatMap(({ index, step }) =>
    listLacking(step, kinds.get(step.kind))
      .filter((fields) => !isMalformed(step, given[index], fields))
      .map((fields) => ({ path: stepPath(index), describe: () => describeLack(step, fields, kinds) })),
  );
}

/** Returns true if decoding removed the value of one of these fields from the step as received, or its whole `with`. */
function isMalformed(step: Step, given: unknown, fields: readonly string[]): boolean {
  const raw = asRecord(given);
  return [...fields, 'with'].some((field) => step[field] === undefined && (raw[field] ?? undefined) !== undefined);
}

function describeLack(step: Step, fields: readonly string[], kinds: StepKinds): string {
  const meant = fields.map((field) => [misspelling(step, field, kinds.fields), field] as const);
  const [misspelt, field] = meant.find(([found]) => found !== undefined) ?? [];
  const fix = misspelt === undefined ? '' : `; rename ${quoteName(misspelt)} to ${field}`;
  return `${step.kind} needs ${fields.join(' or ')}: without it, the step fails when it runs${fix}`;
}

/** Finds children of steps that the API server would deny or a controller would fail. */
function findDeniedChildren({ steps, kinds }: Subject, most: number): Found {
  return collect(most, (report) => {
    for (let index = 0; index < steps.length; index++) {
      const step = steps[index] as Step;
      const kind = kinds.get(step.kind);
      if (kind?.type === 'Child') kind.checkChild?.(step, index, report);
    }
  });
}

function nonPortableNames({ steps }: Orchestration): Place[] {
  return findSteps(steps, ({ name }) => name !== '' && !isDnsLabel(name)).map(({ index, step: { name } }) => ({
    path: stepPath(index, 'name'),
    describe: () =>
      `${quoteName(name)} is not a DNS label of at most 63 characters (a-z, 0-9, "-"): labels will show a hash of it`,
  }));
}

/** RFC 1123. */
function isDnsLabel(name: string): boolean {
  return name.length <= LONGEST_LABEL && !/[^-a-z0-9]|^-|-$/.test(name);
}

function invalidDurations({ steps }: Orchestration): Place[] {
  const areDurations = ({ retries, retryBackoffSeconds, timeoutSeconds, pendingTimeoutSeconds }: Step) =>
    isDuration(retries) &&
    isDuration(retryBackoffSeconds) &&
    isDuration(timeoutSeconds) &&
    isDuration(pendingTimeoutSeconds);
  return findSteps(steps, (step) => !areDurations(step)).flatMap(({ index, step }) =>
    STEP_DURATIONS.filter((field) => !isDuration(step[field])).map((field) => ({
      path: stepPath(index, field),
      describe: () => `${step[field]} is not ${WHOLE} and counts as 0`,
    })),
  );
}

/** The values of `policies` that are ignored because they are malformed. */
function invalidPolicies({ policies }: Orchestration): Place[] {
  return [...findInvalid(policies, policyFields, ['spec', 'policies'])];
}

function* findInvalid(record: Readonly<Record<string, unknown>>, { fields }: FieldTable, at: Path): Generator<Place> {
  for (const [name, { inside, isWhole, without }] of fields) {
    const [value, path] = [record[name], [...at, name]];
    const describe =
      (wanted: string, holds = without) =>
      () =>
        `is ${typeName(value)}, not ${wanted}: it is ignored, and ${holds}`;
    if (isWhole && !isDuration(value)) yield { path, describe: describe(WHOLE) };
    if (inside === undefined || value === undefined || value === null) continue;
    if (isRecord(value)) yield* findInvalid(value, inside, path);
    else {
      const held = [...inside.fields.values()].map((field) => field.without);
      yield { path, describe: describe('an object', held.join(', and ')) };
    }
  }
}

function isDuration(value: unknown): boolean {
  return value === undefined || value === null || (Number.isInteger(value) && Number(value) >= 0);
}

/** Skips `dependsOn` and `with`: they hold only text, so they are not deep, and they are most of a large object. */
function deepNesting({ steps, policies }: Orchestration): Place[] {
  const describe = () => `lists and objects are nested more than ${MOST_LEVELS} deep: flatten it`;
  const findings: Place[] = isDeep(policies) ? [{ path: ['spec', 'policies'], describe }] : [];
  for (const { index, step } of findSteps(steps, hasDeepField)) {
    const deep = Object.keys(step).filter((field) => isOpen(field) && isDeep(step[field]));
    findings.push(...deep.map((field) => ({ path: stepPath(index, field), describe })));
  }
  return findings;
}

/** Uses for…in, which allocates no list, because this runs for every field of every step. */
function hasDeepField(step: Step): boolean {
  for (const field in step) if (isOpen(field) && isDeep(step[field])) return true;
  return false;
}

function isOpen(field: string): boolean {
  return field !== 'dependsOn' && field !== 'with';
}

/** Stops at the first value that is too deep. It allocates no list, because a value can be most of an object. */
function isDeep(value: unknown, levels = MOST_LEVELS): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) if (isDeep(value[index], levels - 1)) return true;
    return false;
  }
  for (const key in value) if (isDeep((value as Record<string, unknown>)[key], levels - 1)) return true;
  return false;
}

function findSteps(steps: readonly Step[], isWrong: (step: Step) => boolean): { index: number; step: Step }[] {
  const found: { index: number; step: Step }[] = [];
  for (let index = 0; index < steps.length; index++) {
    const step = steps[index] as Step;
    if (isWrong(step)) found.push({ index, step });
  }
  return found;
}

/** Returns `; did you mean "x"?`, or '' if no candidate is near. */
export function guess(wanted: string, candidates: Iterable<string>): string {
  const meant = suggestName(wanted, candidates);
  return meant === undefined ? '' : `; did you mean ${quoteName(meant)}?`;
}

function stepPath(index: number, ...inside: Path): Path {
  return ['spec', 'steps', index, ...inside];
}

/** The rules for an update of an OrchestrationRun. */
export const runRules = [{ code: 'RunSpecImmutable', severity: 'deny' }] as const satisfies readonly RuleMeaning[];

/**
 * A run with a snapshot (`status.runId`) follows the snapshot, so the reconciler would silently ignore a change of its
 * spec.
 */
export function checkRunUpdate(previous: unknown, current: unknown): Finding[] {
  const { spec, status } = asRecord(previous);
  const { runId } = asRecord(status);
  if (typeof runId !== 'string' || runId === '' || isEqual(spec, asRecord(current)['spec'])) return [];
  const describe = () => 'the run has started and follows its snapshot, so a change has no effect: create another run';
  const [{ code }] = runRules;
  return [{ code, count: 1, problems: [{ code, path: ['spec'], describe }] }];
}
