import { listNames } from '../../dag/display.ts';
import { type Approval, approversOf, type Creators, describeComment, type StepDecisions } from '../approvals.ts';
import type { Step } from '../schema.ts';
import { Annotation } from '../vocabulary/metadata.ts';
import { StepReason } from '../vocabulary/step-reasons.ts';
import type { Outcome } from './kind.ts';

/** What people have decided about a step of a run. */
export interface People {
  /** The name of the run. */
  readonly run: string;
  /** The recorded decisions that count. */
  readonly approvals: readonly Approval[];
  readonly creators: Creators;
  /** The annotations about the step that cannot be read. */
  readonly malformed: StepDecisions['malformed'];
}

/** A decision about a step, or what it waits for, as words that follow `waits for`. */
export type Verdict =
  | Exclude<Outcome, { readonly state: 'Running' }>
  | { readonly state: 'Running'; readonly reason: StepReason; readonly waitsFor: string };

/** Judges the recorded decisions about a step. One denial decides, however many people approve. */
export function judgePeople(step: Step, people: People): Verdict {
  const { approvals } = people;
  const denial = approvals.find(({ decision }) => decision === 'Denied');
  if (denial !== undefined) {
    const message = `denied by ${listNames([denial.user])}${describeComment(denial)}`;
    return { state: 'Failed', reason: StepReason.ApprovalDenied, message, isFinal: true };
  }
  return approvals.length < approversOf(step).count
    ? { state: 'Running', reason: StepReason.ApprovalPending, waitsFor: describeNeed(step, people) }
    : { state: 'Succeeded', message: `approved by ${listUsers(approvals)}` };
}

/** The command comes early, because a long message is cut at its end. */
function describeNeed(step: Step, { run, approvals, creators, malformed }: People): string {
  const { count, notCreator } = approversOf(step);
  if (notCreator && creators.size === 0)
    return `an approval that nobody can give, because the run does not have the annotation ${Annotation.CreatedBy}, which notCreator needs: start another run`;
  const needed = count === 1 ? 'an approval' : `${count} approvals and has ${approvals.length}`;
  const parts = [
    `${needed}: run orchestration-gate approve ${run} ${step.name}`,
    ...(approvals.length > 0 ? [`approved by ${listUsers(approvals)}`] : []),
    ...(notCreator ? [`not by ${listNames([...creators], 2)}, who created the run`] : []),
    ...(malformed.length > 0
      ? [`ignored because ${malformed.length === 1 ? 'it is' : 'they are'} malformed: ${listNames(malformed, 2)}`]
      : []),
  ];
  return parts.join('; ');
}

function listUsers(approvals: readonly Approval[]): string {
  return listNames(approvals.map(({ user }) => user));
}
