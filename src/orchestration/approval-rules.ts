import { quoteName } from '../dag/display.ts';
import { isDecidable, MOST_APPROVERS } from './approvals.ts';
import type { Orchestration } from './decode.ts';
import { createGuess } from './fields.ts';
import type { StepKinds } from './kinds/step-kinds.ts';
import { type Finding, gather, pathTo, type Report, type RuleMeaning } from './problem.ts';
import type { Step } from './schema.ts';
import { judgePolicies, UNKNOWN_FIELD } from './unknown-fields.ts';

const NOBODY_CAN_APPROVE = 'NobodyCanApprove';

/** The rules about approvals by people. */
export const approvalRules = [{ code: NOBODY_CAN_APPROVE, severity: 'deny' }] as const satisfies readonly RuleMeaning[];

/**
 * Finds steps that nobody can approve, and the mistakes in `approvers`. Decoding reports values of a wrong type. For
 * each code, it returns the first `most`. Linear.
 */
export function checkApprovers({ steps }: Orchestration, kinds: StepKinds, most: number): readonly Finding[] {
  const table = kinds.fields.fields.get('approvers')?.inside;
  const guess = table && createGuess(table);
  const findings = [
    gather(
      'InvalidField',
      most,
      forEach(steps, (step, index, report) => checkValues(step, kinds, index, report)),
    ),
    gather(
      UNKNOWN_FIELD,
      most,
      forEach(steps, ({ approvers }, index, report) => {
        if (approvers && table) judgePolicies(approvers, table, pathTo(index, ['approvers']), report, guess);
      }),
    ),
    gather(
      NOBODY_CAN_APPROVE,
      most,
      forEach(steps, (step, index, report) => checkName(step, kinds, index, report)),
    ),
  ];
  return findings.filter(({ count }) => count > 0);
}

function forEach(steps: readonly Step[], check: (step: Step, index: number, report: Report) => void) {
  return (report: Report) => {
    for (let index = 0; index < steps.length; index++) check(steps[index] as Step, index, report);
  };
}

function checkValues({ kind, approvers }: Step, kinds: StepKinds, index: number, report: Report): void {
  if (approvers === undefined) return;
  const { count = 1 } = approvers;
  if (count < 1 || count > MOST_APPROVERS)
    report(pathTo(index, ['approvers', 'count']), () => `is ${count}, and must be from 1 to ${MOST_APPROVERS}`);
  const known = kinds.get(kind);
  if (known === undefined || known.fields['approvers'] !== undefined) return;
  const describe = () => `${kind} steps do not wait for approval: put an ApprovalGate step before this one`;
  report(pathTo(index, ['approvers']), describe);
}

function checkName(step: Step, kinds: StepKinds, index: number, report: Report): void {
  const kind = kinds.get(step.kind);
  if (kind?.type !== 'Gate' || kind.isDecidedByPeople === undefined || step.name === '') return;
  if (isDecidable(step.name) || kind.wants(step).length > 0) return;
  const name = quoteName(step.name);
  const fix = 'shorten it to at most 60 letters, digits, "-", "_" or ".", or give a policyRef';
  report(pathTo(index, ['name']), () => `nobody can approve ${name}: ${fix}`);
}
