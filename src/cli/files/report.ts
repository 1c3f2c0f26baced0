import { decodeOrchestration, nameOf, type Orchestration } from '../../orchestration/decode.ts';
import { defaultPolicy, judgeOrchestration, judgeRun, type Problem, writeProblem } from '../../orchestration/judge.ts';
import type { Finding, FoundProblem, RuleMeaning } from '../../orchestration/problem.ts';
import type { Place } from './documents.ts';
import type { FoundObject, Manifest, ManifestMistake } from './manifest.ts';
import { findRecursion } from './recursion.ts';
import { findFileProblems } from './rules.ts';

/** A problem of an object, as every command that judges reports it. */
export interface ObjectProblem {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly code: string;
  readonly severity: 'deny' | 'warn';
  readonly field: string;
  readonly message: string;
  /** The loop of a cycle. Each member waits for the next or runs it, and the last does so for the first. */
  readonly steps?: readonly string[];
}

/**
 * A problem of an object in a file. If a document or an object cannot be read, kind, namespace and name are ''. Then
 * field is '' too, unless one field is at fault.
 */
export interface LintProblem extends ObjectProblem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** The end of the part of a text that is wrong, exclusive. Only problems of expressions have it, if it is known. */
  readonly end?: Place;
}

/** What the output formats show. Only problems of objects in files have a place. */
export interface Report<P extends ObjectProblem = ObjectProblem | LintProblem> {
  readonly problems: readonly P[];
  /** Objects of our kinds, and documents that cannot be read. */
  readonly objectCount: number;
  /** How many of them have a problem. */
  readonly faultyCount: number;
  /** Objects of other kinds. */
  readonly ignoredCount: number;
}

/** The problems are file by file in the order given, each from top to bottom. */
export type LintReport = Report<LintProblem>;

/**
 * Rules that only the CLI has. Nothing else reads YAML, the gate never sees what the API server denies, and what
 * another controller ignores does not concern ours.
 */
export const lintRules = [
  { code: 'InvalidYaml', severity: 'deny', isFixed: true },
  { code: 'UnknownResource', severity: 'deny', isFixed: true },
  { code: 'MissingName', severity: 'deny', isFixed: true },
  { code: 'UnknownSpecField', severity: 'deny', isFixed: true },
  { code: 'IgnoredByAgentsChart', severity: 'warn', isFixed: true },
] as const satisfies RuleMeaning[];

/** Judges every object of all files, alone and together. `findMore` finds additional warnings about an object. */
export function judgeManifests(
  manifests: readonly Manifest[],
  findMore: (object: FoundObject) => readonly FoundProblem[] = () => [],
): LintReport {
  const objects = manifests.flatMap((manifest) => manifest.objects);
  const judged = [...findProblems(objects)].map(([object, problems]) => {
    const more = findMore(object).map((problem) => writeProblem(problem, 'warn'));
    return [object, [...problems, ...more].map((problem) => placeProblem(object, problem))] as const;
  });
  return reportManifests(manifests, new Map(judged));
}

/**
 * Judges objects, alone and together, as an API server with the gate would: first what the server says of each, then
 * the gate, with at most `most` denials and as many warnings.
 */
export function findProblems(
  objects: readonly FoundObject[],
  most = Infinity,
): ReadonlyMap<FoundObject, readonly Problem<string>[]> {
  const judged = [...judgeAll(objects, most)].map(([object, problems]) => {
    const before = findFileProblems(object).map((problem) => writeProblem(problem, 'deny'));
    return [object, [...before, ...problems]] as const;
  });
  return new Map(judged);
}

/** Joins what was found in objects with what cannot be read. */
export function reportManifests(
  manifests: readonly Manifest[],
  judged: ReadonlyMap<FoundObject, readonly PlacedProblem[]>,
): LintReport {
  const problems = manifests.flatMap(({ file, objects, mistakes }) =>
    [...mistakes.map(reportMistake), ...objects.flatMap((object) => judged.get(object) ?? [])]
      .sort((left, right) => left.line - right.line || left.column - right.column)
      .map((problem) => ({ file, ...problem })),
  );
  const brokenCount = sum(manifests, (manifest) => manifest.brokenCount);
  return {
    problems,
    objectCount: judged.size + brokenCount,
    faultyCount: brokenCount + [...judged.values()].filter(({ length }) => length > 0).length,
    ignoredCount: sum(manifests, (manifest) => manifest.ignoredCount),
  };
}

/** A problem of an object whose file the caller knows. */
export type PlacedProblem = Omit<LintProblem, 'file'>;

/** Judges objects by the rules with their default settings. */
export function judgeObjects(objects: readonly FoundObject[]): ReadonlyMap<FoundObject, readonly PlacedProblem[]> {
  const place = (object: FoundObject) => (problem: Problem<string>) => placeProblem(object, problem);
  return new Map(
    [...judgeAll(objects, Infinity)].map(([object, problems]) => [object, problems.map(place(object))] as const),
  );
}

function judgeAll(objects: readonly FoundObject[], most: number): ReadonlyMap<FoundObject, readonly Problem<string>[]> {
  const decoded = new Map(
    objects
      .filter(({ kind }) => kind === 'Orchestration')
      .map((object) => [object, decodeOrchestration(object.value).orchestration] as const),
  );
  const recursion = findRecursion([...decoded.values()]);
  return new Map(
    objects.map((object) => {
      const definition = decoded.get(object);
      const { denials, warnings } = definition
        ? judgeOrchestration(object.value, defaultPolicy, most, recursionOf(definition, recursion))
        : judgeRun(object.value, undefined, defaultPolicy, most);
      return [object, [...denials, ...warnings]];
    }),
  );
}

function recursionOf(definition: Orchestration, recursion: ReadonlyMap<Orchestration, FoundProblem>): Finding[] {
  const problem = recursion.get(definition);
  return problem === undefined ? [] : [{ code: problem.code, count: 1, problems: [problem] }];
}

function placeProblem({ kind, value, placeOf }: FoundObject, problem: Problem<string>): PlacedProblem {
  const { namespace, name } = nameOf(value);
  const { path, span, code, severity, field, message, steps } = problem;
  return { ...placeOf(path, span), kind, namespace, name, code, severity, field, message, ...(steps && { steps }) };
}

function reportMistake(mistake: ManifestMistake): PlacedProblem {
  const { line, column, field = '', message } = mistake;
  const code = codeOfMistake(mistake);
  return { line, column, kind: '', namespace: '', name: '', code, severity: 'deny', field, message };
}

/** Returns the code for something that cannot be read as an object of ours. */
export function codeOfMistake({ field }: ManifestMistake): (typeof lintRules)[number]['code'] {
  return field === undefined ? 'InvalidYaml' : 'UnknownResource';
}

function sum<T>(items: readonly T[], count: (item: T) => number): number {
  return items.reduce((total, item) => total + count(item), 0);
}
