import { displayName } from '../dag/display.ts';

/** A place in an object: `['spec', 'steps', 3, 'dependsOn', 0]`. */
export type Path = readonly (string | number)[];

/** A rule: its code, and its default effect on an object. */
export interface RuleMeaning {
  readonly code: string;
  readonly severity: 'deny' | 'warn';
  /** The rule always denies, whatever is configured: without it, the graph cannot be checked. */
  readonly isFixed?: boolean;
}

/** A problem of an object. `describe` writes the message. It is called only for problems that are shown. */
export interface FoundProblem {
  readonly code: string;
  readonly path: Path;
  readonly describe: () => string;
  /** The place in the text at `path`, in UTF-16 units. */
  readonly span?: { readonly offset: number; readonly length: number };
  /** For a cycle, the names on the loop. Each step depends on the next, and the last depends on the first. */
  readonly loop?: readonly string[];
}

/** The result of a rule: the number of problems, and the first of them. */
export interface Found {
  readonly count: number;
  readonly problems: readonly Omit<FoundProblem, 'code'>[];
}

/** The path of a place inside a step. */
export function pathTo(step: number, inside: Path): Path {
  return ['spec', 'steps', step, ...inside];
}

/** Reports a problem. It is counted, and its message is written only if it is shown. */
export type Report = (path: Path, describe: () => string) => void;

/** Collects the problems that `find` reports. It counts all and keeps the first `most`. */
export function collect(most: number, find: (report: Report) => void): Found {
  const problems: Omit<FoundProblem, 'code'>[] = [];
  let count = 0;
  find((path, describe) => {
    if (count++ < most) problems.push({ path, describe });
  });
  return { count, problems };
}

/** Collects the problems with one code. */
export function gather(code: string, most: number, find: (report: Report) => void): Finding {
  const { count, problems } = collect(most, find);
  return { code, count, problems: problems.map((problem) => ({ code, ...problem })) };
}

/** All problems with one code: their number, and the first of them, sorted by place. */
export interface Finding {
  readonly code: string;
  readonly count: number;
  readonly problems: readonly FoundProblem[];
  /** These problems warn at most, whatever the severity of their rule is. */
  readonly isMild?: true;
}

/**
 * Formats a path as Kubernetes does: `spec.steps[3].dependsOn[0]`, or `spec.steps[3].with[my.key]` if a key is not an
 * identifier.
 */
export function formatPath(path: Path): string {
  return path
    .map((segment, index) => {
      if (typeof segment === 'number') return `[${segment}]`;
      if (!/^[A-Za-z_][A-Za-z0-9_-]*$/.test(segment)) return `[${displayName(segment)}]`;
      return index === 0 ? segment : `.${displayName(segment)}`;
    })
    .join('');
}
