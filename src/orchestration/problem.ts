import { displayName } from '../dag/display.ts';

/** Where in an object: `['spec', 'steps', 3, 'dependsOn', 0]`. */
export type Path = readonly (string | number)[];

/** A rule's name and what a problem of it does to an object unless configured otherwise. */
export interface RuleMeaning {
  readonly code: string;
  readonly severity: 'deny' | 'warn';
  /** Without this rule the graph cannot be decided, so it denies whatever is configured. */
  readonly isFixed?: boolean;
}

/** Something wrong with an object. `describe` writes the sentence, and is called only for problems that are shown. */
export interface FoundProblem {
  readonly code: string;
  readonly path: Path;
  readonly describe: () => string;
  /** The names on the loop of a cycle, each waiting for the next and the last for the first. */
  readonly loop?: readonly string[];
}

/** What a rule finds: how many problems there are, and the first of them. */
export interface Found {
  readonly count: number;
  readonly problems: readonly Omit<FoundProblem, 'code'>[];
}

/** Takes note of a problem: it is counted, and worded only if it is shown. */
export type Tell = (path: Path, describe: () => string) => void;

/** What `find` tells, of which the first `most` are kept. */
export function collect(most: number, find: (tell: Tell) => void): Found {
  const problems: Omit<FoundProblem, 'code'>[] = [];
  let count = 0;
  find((path, describe) => {
    if (count++ < most) problems.push({ path, describe });
  });
  return { count, problems };
}

/** All problems with one code: how many there are, and the first of them in the order of their places. */
export interface Finding {
  readonly code: string;
  readonly count: number;
  readonly problems: readonly FoundProblem[];
}

/** A path as Kubernetes writes it: `spec.steps[3].dependsOn[0]`, and `spec.steps[3].with[my.key]` where a key is no word. */
export function formatPath(path: Path): string {
  return path
    .map((segment, index) => {
      if (typeof segment === 'number') return `[${segment}]`;
      if (!/^[A-Za-z_][A-Za-z0-9_-]*$/.test(segment)) return `[${displayName(segment)}]`;
      return index === 0 ? segment : `.${displayName(segment)}`;
    })
    .join('');
}
