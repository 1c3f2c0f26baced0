import type { StoredObject } from '../objects/object.ts';
import { judgeOrchestration } from '../orchestration/judge.ts';
import { cutMessage } from '../orchestration/messages.ts';
import type { Settings } from '../orchestration/settings.ts';

/** How the gate, with its settings, would judge a stored Orchestration if it were created now. */
export interface Verdict {
  /** The codes of the problems that deny it, each once. */
  readonly denied: readonly string[];
  /** The codes of the problems that the gate only warns about, each once. */
  readonly warned: readonly string[];
  /** Why the gate would deny it, for an Event. Undefined if it would not. */
  readonly notice?: Notice;
}

/** A sentence for an Event. */
export interface Notice {
  readonly message: string;
  /** The same for the same uid, generation and codes, so that only one Event is recorded for them. */
  readonly identity: string;
}

const NO_PROBLEMS: Verdict = { denied: [], warned: [] };

/** The longest message of an Event that the API server accepts. */
const LONGEST_EVENT = 1_024;

/**
 * Judges a stored Orchestration as the gate would judge it if it were created now. In mode `warn` the gate denies
 * nothing, and in mode `off` it judges nothing. An object that is being deleted has no problems, because nobody fixes
 * it. Linear; writes the message of one problem.
 */
export function judgeStored(object: StoredObject, { mode, policy }: Pick<Settings, 'mode' | 'policy'>): Verdict {
  const { uid, generation = 0, deletionTimestamp } = object.metadata;
  if (mode === 'off' || deletionTimestamp !== undefined) return NO_PROBLEMS;
  const { denials, deniedCount, deniedCodes, warnedCodes } = judgeOrchestration(object, policy, 1);
  if (mode === 'warn') return { denied: [], warned: [...new Set([...deniedCodes, ...warnedCodes])] };
  const [worst] = denials;
  if (worst === undefined) return { denied: [], warned: warnedCodes };
  const end = deniedCount > 1 ? ` (and ${deniedCount - 1} more)` : '';
  const message = cutMessage(`the gate would deny this Orchestration: ${worst.field}: ${worst.message}`, {
    longest: LONGEST_EVENT,
    end,
  });
  const identity = JSON.stringify([uid, generation, ...deniedCodes]);
  return { denied: deniedCodes, warned: warnedCodes, notice: { message, identity } };
}
