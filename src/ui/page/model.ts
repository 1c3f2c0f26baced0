import { type Look, lookOf } from './looks.ts';
import type { BoxView, Context, Entry, EntryKey, Message, Picture, StepView } from './protocol.ts';

/** Everything the page knows. Lists and maps are changed in place: there is one of each. */
export interface Model {
  context: Context | undefined;
  /** Whether `entries` are all there are. */
  isListed: boolean;
  readonly entries: Map<string, Entry>;
  troubles: readonly string[];
  picture: Picture | undefined;
  /** By index; empty where nothing runs. */
  readonly steps: Map<number, StepView>;
  /** Why there is no picture. */
  absent: string | undefined;
}

/** Knows nothing yet. */
export function createModel(): Model {
  return {
    context: undefined,
    isListed: false,
    entries: new Map(),
    troubles: [],
    picture: undefined,
    steps: new Map(),
    absent: undefined,
  };
}

/** Takes one message in. */
export function applyMessage(model: Model, message: Message): void {
  switch (message.type) {
    case 'Context':
      model.context = message.context;
      break;
    case 'Entries':
      if (message.isWhole) model.entries.clear();
      model.isListed ||= message.isWhole;
      for (const entry of message.changed) model.entries.set(keyOf(entry), entry);
      for (const key of message.gone) model.entries.delete(keyOf(key));
      break;
    case 'Troubles':
      model.troubles = message.sentences;
      break;
    case 'Picture':
      model.picture = message.picture;
      model.absent = undefined;
      model.steps.clear();
      break;
    case 'Steps':
      for (const step of message.changed) model.steps.set(step.index, step);
      break;
    case 'Absent':
      forgetSelected(model);
      model.absent = message.sentence;
      break;
    default:
      message satisfies never;
  }
}

/** Another object is selected: nothing is known of it yet. */
export function forgetSelected(model: Model): void {
  model.picture = undefined;
  model.absent = undefined;
  model.steps.clear();
}

/** What tells one entry from all others. */
export function keyOf({ kind, name }: EntryKey): string {
  return `${kind}/${name}`;
}

/** How many steps look how, in the order of `looks`; those of which there are none are left out. */
export function countLooks({ picture, steps }: Model, looks: readonly Look[]): { look: Look; count: number }[] {
  const counts = new Map<Look, number>();
  for (const [index, box] of (picture?.boxes ?? []).entries()) {
    const look = lookOf(box, steps.get(index));
    counts.set(look, (counts.get(look) ?? 0) + 1);
  }
  return looks.flatMap((look) => {
    const count = counts.get(look);
    return count === undefined ? [] : [{ look, count }];
  });
}

/** Runs newest first, Orchestrations by name; those whose name has all words of `filter`. */
export function listEntries(entries: Iterable<Entry>, kind: Entry['kind'], filter: string): Entry[] {
  const words = filter.toLowerCase().split(/\s+/);
  const isWanted = ({ kind: found, name }: Entry) =>
    found === kind && words.every((word) => name.toLowerCase().includes(word));
  const byName = (left: Entry, right: Entry) => (left.name < right.name ? -1 : Number(left.name > right.name));
  const byAge = (left: Entry, right: Entry) =>
    left.createdAt === right.createdAt ? byName(left, right) : left.createdAt < right.createdAt ? 1 : -1;
  return [...entries].filter(isWanted).sort(kind === 'OrchestrationRun' ? byAge : byName);
}

/** The kind of a step, and what steps of that kind do where that is known: `AgentRun: runs an Agent`. */
export function describeKind({ kinds }: Pick<Picture, 'kinds'>, { kind }: Pick<BoxView, 'kind'>): string {
  return Object.hasOwn(kinds, kind) ? `${kind}: ${kinds[kind]}` : kind;
}

/** Indexes of boxes whose label or kind has all words of `text`, as declared; none for an empty text. */
export function findBoxes({ boxes }: Picture, text: string): number[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [];
  return [...boxes.keys()].filter((index) => {
    const box = boxes[index];
    const searched = `${box?.label} ${box?.kind}`.toLowerCase();
    return words.every((word) => searched.includes(word));
  });
}

/** What the words behind the `#` of the URL select; undefined where they select nothing. Names are DNS names (RFC 1123). */
export function readRoute(hash: string): EntryKey | undefined {
  const [, word, name] = /^#\/(run|orchestration)\/([a-z0-9.-]+)$/.exec(hash) ?? [];
  if (word === undefined || name === undefined) return undefined;
  return { kind: word === 'run' ? 'OrchestrationRun' : 'Orchestration', name };
}

/** The words behind the `#` that select an entry: readRoute reads them. */
export function writeRoute({ kind, name }: EntryKey): string {
  return `#/${kind === 'OrchestrationRun' ? 'run' : 'orchestration'}/${name}`;
}
