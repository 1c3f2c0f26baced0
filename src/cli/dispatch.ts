import type { Command, Outcome, Ports } from './command.ts';

/** A word of the command line that people use. */
export interface ListedVerb {
  /** What it does: an imperative without a full stop. */
  readonly summary: string;
  /** The heading under which the help lists it. */
  readonly area: string;
  /** Imports the command only if it is needed. */
  readonly load: () => Promise<Command>;
}

/** A verb without a summary is used only by programs, and the help does not list it. */
export type Verb = ListedVerb | { readonly summary?: undefined; readonly load: ListedVerb['load'] };

export type Verbs = Readonly<Record<string, Verb>>;

const HELP = new Set(['help', '--help', '-h']);
/** The launcher of the bundled program answers them too: scripts/release/bundle.ts. */
export const VERSION_WORDS: ReadonlySet<string> = new Set(['version', '--version', '-v']);

/** Does what the words of the command line ask for. */
export async function dispatch(
  verbs: Verbs,
  [word, ...words]: readonly string[],
  ports: Ports & { readonly readVersion: () => Promise<string> },
): Promise<Outcome> {
  if (VERSION_WORDS.has(word ?? '')) return answer(`${await ports.readVersion()}\n`);
  const asksForHelp = HELP.has(word ?? '');
  const name = asksForHelp ? words[0] : word;
  if (name === undefined || HELP.has(name) || VERSION_WORDS.has(name)) {
    const text = await describe(verbs);
    return asksForHelp ? answer(text) : { exitCode: 2, stdout: '', stderr: text };
  }
  const verb = Object.hasOwn(verbs, name) ? verbs[name] : undefined;
  if (verb === undefined) return { exitCode: 2, stdout: '', stderr: await describeUnknown(verbs, name) };
  const command = await verb.load();
  if (!asksForHelp && !words.some((one) => one === '--help' || one === '-h')) return command.execute(words, ports);
  return answer(
    (await import('./help.ts')).describeCommand(command, verb.summary ?? 'Only this program itself starts it'),
  );
}

/** The verbs that people use, with what they do. */
export function listVerbs(verbs: Verbs): readonly (readonly [name: string, summary: string, verb: ListedVerb])[] {
  return Object.entries(verbs).flatMap(([name, verb]) =>
    verb.summary === undefined ? [] : [[name, verb.summary, verb] as const],
  );
}

function answer(stdout: string): Outcome {
  return { exitCode: 0, stdout, stderr: '' };
}

async function describe(verbs: Verbs): Promise<string> {
  const { describeVerbs } = await import('./help.ts');
  return describeVerbs(listVerbs(verbs).map(([name, summary, { area }]) => ({ name, summary, area })));
}

async function describeUnknown(verbs: Verbs, word: string): Promise<string> {
  const { suggestName } = await import('../dag/suggest.ts');
  const { quoteName } = await import('../dag/display.ts');
  const known = word.startsWith('-')
    ? ['--help', '--version']
    : [...listVerbs(verbs).map(([name]) => name), 'help', 'version'];
  const meant = suggestName(word, known);
  const cure = meant === undefined ? 'run orchestration-gate help for a list' : `did you mean ${meant}?`;
  return `orchestration-gate: ${quoteName(word)} is not a command; ${cure}\n`;
}
