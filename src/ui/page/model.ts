import { type Look, lookOf } from './looks.ts';
import type { BoxView, Context, Entry, EntryKey, Message, Picture, StepView } from './protocol.ts';

/** Everything that the page knows. The lists and maps are changed in place. */
export interface Model {
  context: Context | undefined;
  /** Whether `entries` is complete. */
  isListed: boolean;
  readonly entries: Map<string, Entry>;
  troubles: readonly string[];
  picture: Picture | undefined;
  /** By index. Empty if the object is not a run. */
  readonly steps: Map<number, StepView>;
  /** The reason why there is no picture. */
  absent: string | undefined;
}

/** Creates an empty model. */
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

/** Applies one message to the model. */
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

/** Clears the data of the selected object. */
export function forgetSelected(model: Model): void {
  model.picture = undefined;
  model.absent = undefined;
  model.steps.clear();
}

/** Returns the unique key of an entry. */
export function keyOf({ kind, name }: EntryKey): string {
  return `${kind}/${name}`;
}

/** Counts the steps of each look, in the order of `looks`. Looks without steps are left out. */
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

/** Lists the entries whose name contains all words of `filter`: runs newest first, and Orchestrations by name. */
export function listEntries(entries: Iterable<Entry>, kind: Entry['kind'], filter: string): Entry[] {
  const words = filter.toLowerCase().split(/\s+/);
  const isWanted = ({ kind: found, name }: Entry) =>
    found === kind && words.every((word) => name.toLowerCase().includes(word));
  const byName = (left: Entry, right: Entry) => (left.name < right.name ? -1 : Number(left.name > right.name));
  const byAge = (left: Entry, right: Entry) =>
    left.createdAt === right.createdAt ? byName(left, right) : left.createdAt < right.createdAt ? 1 : -1;
  return [...entries].filter(isWanted).sort(kind === 'OrchestrationRun' ? byAge : byName);
}

/** Returns what another step reads of this one, by a name as in `EdgeView.reads`. Undefined if it is not known yet. */
export function readValue(step: StepView | undefined, name: string): string | undefined {
  if (step?.finishedAt === undefined) return undefined;
  if (name === 'phase') return step.phase;
  if (name === 'reason') return step.reason;
  if (name === 'attempt') return `${step.attempt}`;
  return step.outputs?.find((output) => `outputs.${output.name}` === name)?.value;
}

/** Describes the kind of a step and, if it is known, what steps of that kind do: `AgentRun: runs an Agent`. */
export function describeKind({ kinds }: Pick<Picture, 'kinds'>, { kind }: Pick<BoxView, 'kind'>): string {
  return Object.hasOwn(kinds, kind) ? `${kind}: ${kinds[kind]}` : kind;
}

/**
 * Returns the indexes of the boxes whose label or kind contains all words of `text`, in declaration order. An empty
 * text finds none.
 */
export function findBoxes({ boxes }: Picture, text: string): number[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [];
  return [...boxes.keys()].filter((index) => {
    const box = boxes[index];
    const searched = `${box?.label} ${box?.kind}`.toLowerCase();
    return words.every((word) => searched.includes(word));
  });
}

/** Parses the part of the URL after the `#`. Undefined if it selects nothing. Names are DNS names (RFC 1123). */
export function readRoute(hash: string): EntryKey | undefined {
  const [, word, name] = /^#\/(run|orchestration)\/([a-z0-9.-]+)$/.exec(hash) ?? [];
  if (word === undefined || name === undefined) return undefined;
  return { kind: word === 'run' ? 'OrchestrationRun' : 'Orchestration', name };
}

/** Returns the part of the URL after the `#` that selects an entry. `readRoute` parses it. */
export function writeRoute({ kind, name }: EntryKey): string {
  return `#/${kind === 'OrchestrationRun' ? 'run' : 'orchestration'}/${name}`;
}
