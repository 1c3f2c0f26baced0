import type { Settings } from '../orchestration/settings.ts';
import { type Decision, decideMutation, decideValidation } from './decide.ts';
import { allow, refuse } from './response.ts';
import type { AdmissionRequest, AdmissionResponse } from './review.ts';

export type Webhook = 'validate' | 'mutate';

/** `error`: no decision, for a fault of ours or an unreadable review. `deadline`, `overloaded`: the failure policy answered. */
export type Verdict = 'allowed' | 'denied' | 'error' | 'deadline' | 'overloaded';

export interface Answer {
  readonly verdict: Verdict;
  readonly response: AdmissionResponse;
  readonly problems: Decision['problems'];
  /** What a decision threw: a bug. */
  readonly fault?: unknown;
}

/** What bounds an answer. The clock is asked, since a timer cannot interrupt a decision. */
export interface Bounds {
  readonly isOverloaded: boolean;
  readonly isPastDeadline: () => boolean;
}

const deciders: Readonly<Record<Webhook, (request: AdmissionRequest, settings: Settings) => Decision>> = {
  validate: decideValidation,
  mutate: decideMutation,
};

/**
 * The answer to a review, whatever happens: over the limit of reviews in flight, past the deadline or after a fault the
 * failure policy of the webhook that was called decides. It never throws.
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
    return { ...failed('error', 500, 'InternalError', 'the gate has met a fault of its own; see its log'), fault };
  }

  function tooLate(): Answer {
    return failed('deadline', 504, 'Timeout', 'no decision before the deadline: try again');
  }

  /** The mutating webhook never refuses: the default it would write holds without being written. */
  function failed(verdict: Verdict, code: number, reason: string, cause: string): Answer {
    const message = `orchestration-gate: ${cause}`;
    if (webhook === 'mutate') return { verdict, response: allow(), problems: [] };
    if (failurePolicyOf(request, settings) === 'Ignore')
      return { verdict, response: allow([`${message} (not judged)`]), problems: [] };
    return { verdict, response: refuse(code, reason, message), problems: [] };
  }
}

/** As the chart registers the webhooks: the one for runs is always `Ignore`, and only the kind says which one was called. */
function failurePolicyOf({ kind }: AdmissionRequest, settings: Settings): Settings['failurePolicy'] {
  return kind.kind === 'OrchestrationRun' ? 'Ignore' : settings.failurePolicy;
}

/** The answer to what has a uid and is no review we can read. */
export function answerUnreadable(webhook: Webhook, mistake: string): Answer {
  const response = webhook === 'mutate' ? allow() : refuse(400, 'BadRequest', mistake);
  return { verdict: 'error', response, problems: [] };
}

/** The answer to what holds too much to be looked at: the object is at fault, so it is not a matter of failure policy. */
export function answerTooHeavy(webhook: Webhook, mistake: string, { mode }: Settings): Answer {
  if (webhook === 'mutate' || mode === 'off') return { verdict: 'allowed', response: allow(), problems: [] };
  if (mode === 'warn') return { verdict: 'allowed', response: allow([mistake]), problems: [] };
  return { verdict: 'denied', response: refuse(413, 'RequestEntityTooLarge', mistake), problems: [] };
}
