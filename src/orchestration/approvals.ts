import { displayText } from '../dag/display.ts';
import { controllerOf, type KubeObject } from '../objects/object.ts';
import { isRecord } from './decode.ts';
import { cutMessage } from './messages.ts';
import { Annotation } from './vocabulary/metadata.ts';

/** A decision of a person about a step, as the status records it. */
export interface Approval {
  readonly user: string;
  readonly decision: 'Approved' | 'Denied';
  /** When the reconciler saw it. RFC 3339 in UTC. */
  readonly at: string;
  readonly comment?: string;
}

/** A decision as an annotation of the run has it. */
export type Decision = Omit<Approval, 'at'>;

/** The annotations of a run about one step. */
export interface StepDecisions {
  /** In the order of their numbers. */
  readonly decisions: readonly Decision[];
  /** The annotations whose decision cannot be read, as `<step>.<n>`. They are ignored. */
  readonly malformed: readonly string[];
}

/** The users whose decisions count for a step. */
export interface Approvers {
  /** How many of them have to approve. */
  readonly count: number;
  /** If true, the decisions of those who created the run do not count. */
  readonly notCreator: boolean;
}

/** The most approvals that a step can ask for. A step records no more than that, and one denial. */
export const MOST_APPROVERS = 16;

/** The longest name of a user who can decide. The status has to hold the names of all who approve. */
const LONGEST_USER = 256;

/** Returns true if people can decide about a step of this name: with its number, it must fit into a key. */
export function isDecidable(step: string): boolean {
  return /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,58}[A-Za-z0-9])?$/.test(step);
}

/** Returns the approval that a step asks for. Without `approvers`, one approval by anybody opens the gate. */
export function approversOf({ approvers = {} }: { readonly approvers?: Partial<Approvers> }): Approvers {
  const { count = 1, notCreator = false } = approvers;
  return { count: Math.max(1, count), notCreator };
}

/** Reads the decisions about each step from the annotations of a run. Cost: sorting them. */
export function readDecisions(annotations: Readonly<Record<string, string>>): ReadonlyMap<string, StepDecisions> {
  const found = Object.entries(annotations).flatMap(([key, value]) => {
    if (!key.startsWith(Annotation.Approval)) return [];
    const name = key.slice(Annotation.Approval.length);
    const [, step = '', number] = /^(.*?)(?:\.([1-9]\d*))?$/s.exec(name) ?? [];
    return [{ name, step, number: Number(number), decision: number === undefined ? undefined : readDecision(value) }];
  });
  const ordered = found.sort((one, other) => one.number - other.number);
  const bySteps = Map.groupBy(ordered, ({ step }) => step);
  return new Map(
    [...bySteps].map(([step, all]) => [
      step,
      {
        decisions: all.flatMap(({ decision }) => decision ?? []),
        malformed: all.filter(({ decision }) => decision === undefined).map(({ name }) => name),
      },
    ]),
  );
}

const WORDS = { Approved: 'approved', Denied: 'denied' } as const satisfies Record<Approval['decision'], string>;

/** The value of an annotation, as `readDecisions` reads it. */
export function writeDecision({ user, decision, comment }: Decision): string {
  return `${WORDS[decision]} by ${user}${comment === undefined ? '' : `\n${comment}`}`;
}

function readDecision(value: string): Decision | undefined {
  const [, word, user = '', comment = ''] = /^(approved|denied) by ([^\p{Cc}]+)(?:\n(.*))?$/su.exec(value) ?? [];
  if (word === undefined || user.length > LONGEST_USER) return undefined;
  const said = comment.trim();
  const decision = word === WORDS.Approved ? 'Approved' : 'Denied';
  return { user, decision, ...(said !== '' && { comment: cutMessage(said) }) };
}

/** Returns the key of the next decision about a step. */
export function nextDecisionKey(step: string, annotations: Readonly<Record<string, string>>): string {
  let number = 1;
  while (Object.hasOwn(annotations, `${Annotation.Approval}${step}.${number}`)) number++;
  return `${Annotation.Approval}${step}.${number}`;
}

/** Whether the decision of a user counts. If it is unknown who created the run, `notCreator` admits no user. */
export function isAdmitted(user: string, { notCreator }: Pick<Approvers, 'notCreator'>, creators: Creators): boolean {
  return !notCreator || (creators.size > 0 && !creators.has(user));
}

/**
 * The users who created a run and the runs that own it. Empty if it is unknown who created the outermost run, because
 * it has no annotation that says so.
 */
export type Creators = ReadonlySet<string>;

/**
 * Reads the creators of a run from the run and the runs that own it, nearest first. All of them count as creators, so
 * that nobody can hide that they created a run by forging its owner.
 */
export function readCreators(lineage: readonly Pick<KubeObject, 'metadata'>[]): Creators {
  const outermost = lineage.at(-1);
  const creatorOf = ({ metadata }: Pick<KubeObject, 'metadata'>) => metadata.annotations?.[Annotation.CreatedBy] ?? '';
  const isKnown =
    outermost !== undefined && controllerOf(outermost, 'OrchestrationRun') === undefined && creatorOf(outermost) !== '';
  return new Set(isKnown ? lineage.map(creatorOf).filter((user) => user !== '') : []);
}

/**
 * Returns the recorded decisions with the new ones that count. A user counts once, but can still deny after an
 * approval. Of the new denials, only the first is added. It comes first, so that it is never lost.
 */
export function addDecisions(
  recorded: readonly Approval[],
  decisions: readonly Decision[],
  counts: (user: string) => boolean,
  at: string,
): readonly Approval[] {
  const known = new Set(recorded.map(keyOf));
  const fresh = decisions.filter((decision) => {
    const isNew = counts(decision.user) && !known.has(keyOf(decision));
    if (isNew) known.add(keyOf(decision));
    return isNew;
  });
  const denial = fresh.filter(({ decision }) => decision === 'Denied').slice(0, 1);
  const approvals = fresh.filter(({ decision }) => decision === 'Approved');
  const room = Math.max(0, MOST_APPROVERS - recorded.length);
  return [...recorded, ...[...denial, ...approvals.slice(0, room)].map((decision) => ({ ...decision, at }))];
}

function keyOf({ user, decision }: Decision): string {
  return `${decision} ${user}`;
}

/** Decodes stored approvals. Malformed ones count as absent. Undefined if there are none. */
export function decodeApprovals(value: unknown): readonly Approval[] | undefined {
  const approvals = Array.isArray(value) ? value.filter(isApproval).slice(0, MOST_APPROVERS + 1) : [];
  return approvals.length === 0 ? undefined : approvals;
}

function isApproval(value: unknown): value is Approval {
  if (!isRecord(value)) return false;
  const { user, decision, at, comment } = value;
  const isText = [user, at, comment ?? ''].every((text) => typeof text === 'string');
  return isText && typeof decision === 'string' && Object.hasOwn(WORDS, decision);
}

/** Decodes the approval that a step asks for, from its status. Undefined if the status does not have it. */
export function decodeApprovers(value: unknown): Approvers | undefined {
  if (!isRecord(value)) return undefined;
  const { count, notCreator } = value;
  return approversOf({
    approvers: { ...(Number.isInteger(count) && { count: Number(count) }), notCreator: notCreator === true },
  });
}

/** `: too risky`, with the comment of a decision, or nothing. */
export function describeComment({ comment }: Pick<Approval, 'comment'>): string {
  return comment === undefined ? '' : `: ${displayText(comment)}`;
}
