import type { BenchGraph } from '../graphs.ts';

type Steps = BenchGraph['steps'];

/** A graph whose correct verdict is known. */
interface Case {
  readonly what: string;
  readonly steps: Steps;
  /** The steps in whose lines the mistake is. Empty if there is no mistake. */
  readonly owners: readonly string[];
  /** The steps on a loop, if the mistake is a loop. */
  readonly loop?: readonly string[];
}

/** What one peer says about one graph. */
export interface Verdict {
  readonly peer: string;
  readonly isRefused: boolean;
  /** The message of the peer. Empty if it accepted the graph. */
  readonly message: string;
  readonly names: readonly string[];
}

export interface Judged {
  readonly what: string;
  readonly verdicts: readonly Verdict[];
}

/** Returns what is wrong with a graph. Empty if nothing is. */
export type Judge = (steps: Steps) => string | Promise<string>;

const step = (name: string, ...dependsOn: readonly string[]) => ({ name, dependsOn });

const cases: readonly Case[] = [
  {
    what: 'a diamond, sound',
    steps: [step('start'), step('left', 'start'), step('right', 'start'), step('join', 'left', 'right')],
    owners: [],
  },
  {
    what: 'a loop of three, and a step that only waits for it',
    steps: [step('announce', 'publish'), step('build', 'publish'), step('test', 'build'), step('publish', 'test')],
    owners: ['build', 'test', 'publish'],
    loop: ['build', 'test', 'publish'],
  },
  {
    what: 'two loops apart',
    steps: [step('alpha', 'beta'), step('beta', 'alpha'), step('gamma', 'delta'), step('delta', 'gamma')],
    owners: ['alpha', 'beta', 'gamma', 'delta'],
    loop: ['alpha', 'beta', 'gamma', 'delta'],
  },
  {
    what: 'a step that waits for itself',
    steps: [step('build'), step('test', 'build', 'test')],
    owners: ['test'],
    loop: ['test'],
  },
  { what: 'a name that no step has', steps: [step('build'), step('test', 'biuld')], owners: ['test'] },
  { what: 'two steps of one name', steps: [step('lint'), step('build'), step('build', 'lint')], owners: ['build'] },
];

/** Returns what each of `judges`, by its name, says about the graphs. */
export async function compareVerdicts(judges: Readonly<Record<string, Judge>>): Promise<Judged[]> {
  const judged: Judged[] = [];
  for (const one of cases) {
    const verdicts: Verdict[] = [];
    for (const [peer, judge] of Object.entries(judges)) {
      const message = await judge(one.steps);
      verdicts.push({ peer, isRefused: message !== '', message, names: findNames(one, message) });
    }
    judged.push({ what: one.what, verdicts });
  }
  return judged;
}

/** Returns which parts of a mistake a message names, judged only by its words: whole names, and places as `[2]`. */
function findNames({ steps, owners, loop = [] }: Case, message: string): string[] {
  const has = (name: string) => new RegExp(`(?<![\\w-])${name}(?![\\w-])`).test(message);
  const at = steps.flatMap(({ name }, index) => (owners.includes(name) ? [`[${index}]`] : []));
  const found: readonly (readonly [string, boolean])[] = [
    ['owner', owners.some(has)],
    ['index', at.some((place) => message.includes(place))],
    ['loop', loop.length > 0 && loop.every(has)],
    ['a bystander', loop.length > 0 && steps.some(({ name }) => !loop.includes(name) && has(name))],
  ];
  return found.filter(([, isFound]) => isFound).map(([name]) => name);
}
