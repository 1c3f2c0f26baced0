import { displayName, quoteName } from '../../dag/display.ts';
import { suggestName } from '../../dag/suggest.ts';
import type { StoredObject } from '../../objects/object.ts';
import { isDecidable } from '../approvals.ts';
import { asRecord, pick } from '../decode.ts';
import { reference, tableOf } from '../fields.ts';
import { readReference } from '../references.ts';
import { StepReason } from '../vocabulary/step-reasons.ts';
import type { GateKind } from './kind.ts';
import { judgePeople, type Verdict } from './people.ts';

const OPENING = ['Approved', 'Allowed', 'Succeeded'];
const DENYING = ['Denied', 'Rejected', 'Blocked', 'Failed'];
const READY = 'Ready';
const WAITING = [READY, 'Pending'];

/** The fields of `approvers`. */
const approverFields = tableOf({
  count: { aliases: 'min minimum required approvals', without: 'one approval opens the gate' },
  notCreator: { aliases: 'notAuthor excludeCreator notSelf', without: 'the user who created the run can approve it' },
});

/**
 * People decide about one step of one run. An ApprovalPolicy decides about all runs that wait for it. With a policyRef,
 * the first decision counts, and a denial wins. The agents chart sets the phase of every policy without a phase to
 * Ready, and can reset a decided policy to Ready. So Ready is not an approval, unless the policy approves by default.
 */
export const approvalGate: GateKind = {
  type: 'Gate',
  name: 'ApprovalGate',
  does: 'waits for an approval, by people or by an ApprovalPolicy',
  needs: [],
  fields: {
    policyRef: {
      ...reference('approvalPolicy approvalPolicyRef policyName'),
      without: 'only people decide about the step',
    },
    approvers: {
      aliases: 'approver approvedBy reviewers requiredApprovals',
      without: 'one approval opens the gate, even if the user who created the run gives it',
      isStatic: true,
      inside: approverFields,
    },
  },
  isRevocable: true,
  apiVersion: 'approvals.proompteng.ai/v1alpha1',
  kind: 'ApprovalPolicy',
  plural: 'approvalpolicies',
  wants: (step) => [readReference(step, 'policyRef') ?? []].flat(),
  offers: ({ metadata }) => [metadata.name],
  matches: (step, { metadata }) => metadata.name === readReference(step, 'policyRef'),
  isDecidedByPeople: ({ name }) => isDecidable(name),
  judge: (step, [policy], people) => {
    const name = readReference(step, 'policyRef');
    const verdicts = [
      people === undefined ? [] : judgePeople(step, people),
      name === undefined ? [] : judgePolicy(name, policy),
    ].flat();
    const decided = ['Failed', 'Succeeded'].map((state) => verdicts.find((verdict) => verdict.state === state));
    for (const verdict of decided) if (verdict !== undefined && verdict.state !== 'Running') return verdict;
    const waits = verdicts.filter((verdict) => verdict.state === 'Running');
    const { reason } = waits.at(-1) ?? {};
    if (reason === undefined)
      return { state: 'Failed', reason: StepReason.InvalidStep, message: UNDECIDABLE, isFinal: true };
    const message = `waits for ${waits.map(({ waitsFor }) => waitsFor).join('; or for ')}`;
    return { state: 'Running', wait: { reason, message } };
  },
  viewChild: (policy, approvals) => ({ ...policy, approvals }),
  keep: ({ spec, status }) => ({ spec: pick(spec, ['mode', 'defaultDecision']), status: pick(status, ['phase']) }),
};

/** Why neither people nor a policy can decide about a step. */
const UNDECIDABLE =
  'there is no policyRef, and people can decide only about a step whose name is a label value of at most 60 characters';

function judgePolicy(name: string, policy: StoredObject | undefined): Verdict {
  if (policy === undefined) return missing(name);
  const opening = approvesByDefault(policy['spec']) ? [...OPENING, READY] : OPENING;
  const { phase } = asRecord(policy['status']);
  const word = typeof phase === 'string' ? phase.toLowerCase() : '';
  if (holds(opening, word))
    return { state: 'Succeeded', message: `approval policy ${name} is ${word}, for every run that waits for it` };
  if (!holds(DENYING, word)) return undecided(name, phase, opening);
  const message = `approval policy ${name} is ${word}`;
  return { state: 'Failed', reason: StepReason.ApprovalDenied, message, isFinal: true };
}

/**
 * Returns true if the policy needs no decision by a person. Only then does Ready, which the agents chart sets, open the
 * gate.
 */
function approvesByDefault(spec: unknown): boolean {
  const { mode, defaultDecision } = asRecord(spec);
  return String(mode).toLowerCase() === 'auto' || String(defaultDecision).toLowerCase() === 'allow';
}

function holds(phases: readonly string[], word: string): boolean {
  return phases.some((phase) => phase.toLowerCase() === word);
}

function missing(name: string): Verdict {
  const waitsFor = `ApprovalPolicy ${quoteName(name)}, which does not exist: create it, or correct policyRef`;
  return { state: 'Running', reason: StepReason.ApprovalPolicyMissing, waitsFor };
}

function undecided(name: string, phase: unknown, opening: readonly string[]): Verdict {
  const policy = `ApprovalPolicy ${quoteName(name)}`;
  const opens = `${list(opening)} opens the gate`;
  const wait = (reason: StepReason, waitsFor: string): Verdict => ({ state: 'Running', reason, waitsFor });
  if (phase === undefined || phase === '') return wait(StepReason.ApprovalPending, `${policy} (no phase): ${opens}`);
  const word = typeof phase === 'string' ? phase : JSON.stringify(phase);
  if (holds(WAITING, word.toLowerCase()))
    return wait(StepReason.ApprovalPending, `${policy} (phase ${displayName(word)}): ${opens}`);
  const meant = suggestName(word, [...opening, ...DENYING, ...WAITING]);
  const guess = meant === undefined ? '' : ` (did you mean ${meant}?)`;
  const unknown = `${policy}, whose phase ${quoteName(word)} is unknown${guess}`;
  return wait(StepReason.ApprovalPhaseUnknown, `${unknown}: ${opens}, ${list(DENYING)} denies it`);
}

/** `Approved, Allowed or Succeeded`. */
function list(words: readonly string[]): string {
  return `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}
