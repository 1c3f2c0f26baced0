import { displayName } from '../dag/display.ts';
import type { Approval } from '../orchestration/approvals.ts';
import type { PreviousAttempt } from '../orchestration/run-status.ts';
import type { ApprovalView, AttemptView, ChildView } from './page/protocol.ts';
import { viewText } from './texts.ts';

/** Shows a decision of a person. */
export function viewApproval({ user, decision, at, comment }: Approval): ApprovalView {
  return {
    user: displayName(user),
    isApproved: decision === 'Approved',
    at,
    ...(comment !== undefined && { comment: viewText('', comment).value }),
  };
}

/** Shows an attempt that another one followed. */
export function viewAttempt(
  { attempt, reason, message, startedAt, finishedAt }: PreviousAttempt,
  child: ChildView | undefined,
): AttemptView {
  return {
    attempt,
    reason: displayName(reason),
    ...(message !== undefined && { message: viewText('', message).value }),
    ...(startedAt !== undefined && { startedAt }),
    finishedAt,
    ...(child !== undefined && { child }),
  };
}
