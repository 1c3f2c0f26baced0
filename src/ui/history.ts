import { displayName } from '../dag/display.ts';
import type { Approval } from '../orchestration/approvals.ts';
import { isRecord } from '../orchestration/decode.ts';
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

/**
 * Shows the attempts of a step that another one followed, from any value. Malformed ones are left out. `viewChild` shows
 * a child by its name.
 */
export function viewAttempts(
  attempts: unknown,
  viewChild: (name: string) => ChildView | undefined,
): readonly AttemptView[] {
  const records = Array.isArray(attempts) ? attempts.filter(isRecord) : [];
  return records.flatMap(({ attempt, reason, message, startedAt, finishedAt, child }) => {
    if (typeof attempt !== 'number') return [];
    const shown = typeof child === 'string' ? viewChild(child) : undefined;
    return [
      {
        attempt,
        reason: typeof reason === 'string' ? displayName(reason) : '',
        ...(typeof message === 'string' && { message: viewText('', message).value }),
        ...(typeof startedAt === 'string' && { startedAt }),
        ...(typeof finishedAt === 'string' && { finishedAt }),
        ...(shown !== undefined && { child: shown }),
      },
    ];
  });
}
