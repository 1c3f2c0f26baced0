import type { Settings } from '../orchestration/settings.ts';
import { type Decision, decideMutation, decideValidation } from './decide.ts';
import { allow, denyWith } from './response.ts';
import type { AdmissionRequest, AdmissionResponse } from './review.ts';

export type Webhook = 'validate' | 'mutate';

/**
 * `error`: no decision, because of an internal error or an unreadable review. `deadline`, `overloaded`: the failure
 * policy decided.
 */
export type Verdict = 'allowed' | 'denied' | 'error' | 'deadline' | 'overloaded';

export interface Answer {
  readonly verdict: Verdict;
  readonly response: AdmissionResponse;
  readonly problems: Decision['problems'];
  /** The exception of a decision, which is a bug. */
  readonly fault?: unknown;
}

/** The limits of an answer. Deadlines are checked by reading the clock, because a timer cannot interrupt a decision. */
export interface Bounds {
  readonly isOverloaded: boolean;
  readonly isPastDeadline: () => boolean;
}

const deciders: Readonly<Record<Webhook, (request: AdmissionRequest, settings: Settings) => Decision>> = {
  validate: decideValidation,
  mutate: decideMutation,
};

/**
 * Answers a review. The failure policy of the called webhook decides if too many reviews are in flight, the deadline
 * has passed, or an internal error occurs. Never throws.
 */
export function answerReview(webhook: Webhook, request: AdmissionRequest, settings: Settings, bounds: Bounds): Answer {
  if (bounds.isOverloaded)
    return failed('overloaded', 429, 'TooManyRequests', 'too many reviews are in flight: try again');
  if (bounds.isPastDeadline()) return tooLate();
  try {
    const { response, problems } = deciders[webhook](request, settings);
    if (bounds.isPastDeadline()) return tooLate();
    return { verdict: response.allowed ? 'allowed' : 'denied', response, problems };
  } catch (fault) {
    return { ...failed('error', 500, 'InternalError', 'the gate had an internal error; see its log'), fault };
  }

  function tooLate(): Answer {
    return failed('deadline', 504, 'Timeout', 'no decision before the deadline: try again');
  }

  /** The mutating webhook never denies: a default applies even if it is not written, and the policy for runs is Ignore. */
  function failed(verdict: Verdict, code: number, reason: string, cause: string): Answer {
    const message = `orchestration-gate: ${cause}`;
    if (webhook === 'mutate')
      return { verdict, response: allow(isRun(request) ? [`${message} (creator not recorded)`] : []), problems: [] };
    if (failurePolicyOf(request, settings) === 'Ignore')
      return { verdict, response: allow([`${message} (not judged)`]), problems: [] };
    return { verdict, response: denyWith(code, reason, message), problems: [] };
  }
}

/**
 * Returns the failure policy that the chart sets. The webhooks for runs always have `Ignore`, and only the kind shows
 * which webhook was called.
 */
function failurePolicyOf(request: AdmissionRequest, settings: Settings): Settings['failurePolicy'] {
  return isRun(request) ? 'Ignore' : settings.failurePolicy;
}

function isRun({ kind }: AdmissionRequest): boolean {
  return kind.kind === 'OrchestrationRun';
}

/** Answers a body that has a uid but is not a valid review. */
export function answerUnreadable(webhook: Webhook, mistake: string): Answer {
  const response = webhook === 'mutate' ? allow() : denyWith(400, 'BadRequest', mistake);
  return { verdict: 'error', response, problems: [] };
}

/** Answers a review that is too heavy to read. The object is the cause, so the failure policy does not apply. */
export function answerTooHeavy(webhook: Webhook, mistake: string, { mode }: Settings): Answer {
  if (webhook === 'mutate' || mode === 'off') return { verdict: 'allowed', response: allow(), problems: [] };
  if (mode === 'warn') return { verdict: 'allowed', response: allow([mistake]), problems: [] };
  return { verdict: 'denied', response: denyWith(413, 'RequestEntityTooLarge', mistake), problems: [] };
}
