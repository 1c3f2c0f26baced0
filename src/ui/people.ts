import { displayName } from '../dag/display.ts';
import type { KubeObject } from '../objects/object.ts';
import { isRecord } from '../orchestration/decode.ts';
import { GROUP } from '../orchestration/schema.ts';
import type { ApprovalView, AttemptView, ChildView } from './page/protocol.ts';
import { viewName, viewText } from './texts.ts';

/** The annotations by which people ask for something, and the gate records who did. */
export const RESUME_FROM = `${GROUP}/resume-from`;
export const RESUME_STEPS = `${GROUP}/resume-steps`;
export const RESUME_LATEST = `${GROUP}/resume-latest`;
/** The prefix of the keys under which people decide gates: `PREFIX/STEP.NUMBER`. */
export const APPROVAL = `approval.${GROUP}`;
const CREATED_BY = `${GROUP}/created-by`;

/** Returns the name of the finished run that a run continues. */
export function readResumes({ metadata }: KubeObject): string | undefined {
  return readText(metadata.annotations?.[RESUME_FROM]);
}

/** Returns the user who created a run, if the gate has stamped it. */
export function readCreator({ metadata }: KubeObject): string | undefined {
  return readText(metadata.annotations?.[CREATED_BY]);
}

/** Returns the decisions of people in the status of a step. Malformed ones are left out. */
export function readApprovals(approvals: unknown): readonly ApprovalView[] {
  return listRecords(approvals).flatMap(({ user, decision, at, comment }) => {
    if (typeof user !== 'string' || typeof at !== 'string') return [];
    const words = typeof comment === 'string' && comment !== '' ? { comment: viewText('', comment).value } : {};
    return [{ user: displayName(user), isApproved: decision === 'Approved', at, ...words }];
  });
}

/** Returns the attempts of a step that another one followed. `viewChild` shows a child by its name. */
export function readAttempts(
  attempts: unknown,
  viewChild: (name: string) => ChildView | undefined,
): readonly AttemptView[] {
  return listRecords(attempts).flatMap(({ attempt, reason, message, startedAt, finishedAt, child }) => {
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

function listRecords(value: unknown): readonly Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

function readText(value: string | undefined): string | undefined {
  return value === undefined || value === '' ? undefined : viewName(value);
}
