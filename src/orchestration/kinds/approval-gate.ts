import { displayName, quoteName } from '../../dag/display.ts';
import { suggestName } from '../../dag/suggest.ts';
import { asRecord, pick } from '../decode.ts';
import { reference } from '../fields.ts';
import { readReference } from '../references.ts';
import { StepReason } from '../vocabulary/step-reasons.ts';
import type { GateKind, Wait } from './kind.ts';

const OPENING = ['Approved', 'Allowed', 'Succeeded'];
const DENYING = ['Denied', 'Rejected', 'Blocked', 'Failed'];
const READY = 'Ready';
const WAITING = [READY, 'Pending'];

/**
 * An ApprovalPolicy approves all runs that wait for it: approval is per policy, not per run. The agents chart sets the
 * phase of every policy without a phase to Ready, and can reset a decided policy to Ready. So Ready is not an approval.
 */
export const approvalGate: GateKind = {
  type: 'Gate',
  name: 'ApprovalGate',
  does: 'waits for an ApprovalPolicy',
  needs: [['policyRef']],
  fields: { policyRef: reference('approvalPolicy approvalPolicyRef policyName') },
  isRevocable: true,
  apiVersion: 'approvals.proompteng.ai/v1alpha1',
  kind: 'ApprovalPolicy',
  plural: 'approvalpolicies',
  wants: (step) => [readReference(step, 'policyRef') ?? []].flat(),
  offers: ({ metadata }) => [metadata.name],
  matches: (step, { metadata }) => metadata.name === readReference(step, 'policyRef'),
  judge: (step, [policy]) => {
    const name = readReference(step, 'policyRef');
    if (name === undefined) {
      const message = 'policyRef is missing: an ApprovalGate step names the ApprovalPolicy to wait for';
      return { state: 'Failed', reason: StepReason.InvalidStep, message, isFinal: true };
    }
    if (policy === undefined) return { state: 'Running', wait: missing(name) };
    const opening = approvesByDefault(policy['spec']) ? [...OPENING, READY] : OPENING;
    const { phase } = asRecord(policy['status']);
    const word = typeof phase === 'string' ? phase.toLowerCase() : '';
    if (holds(opening, word))
      return { state: 'Succeeded', message: `approval policy ${name} is ${word}, for every run that waits for it` };
    if (holds(DENYING, word))
      return {
        state: 'Failed',
        reason: StepReason.ApprovalDenied,
        message: `approval policy ${name} is ${word}`,
        isFinal: true,
      };
    return { state: 'Running', wait: undecided(name, phase, opening) };
  },
  keep: ({ spec, status }) => ({ spec: pick(spec, ['mode', 'defaultDecision']), status: pick(status, ['phase']) }),
};

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

function missing(name: string): Wait {
  const message = `waits for ApprovalPolicy ${quoteName(name)}, which does not exist: create it, or correct policyRef`;
  return { reason: StepReason.ApprovalPolicyMissing, message };
}

function undecided(name: string, phase: unknown, opening: readonly string[]): Wait {
  const policy = `waits for ApprovalPolicy ${quoteName(name)}`;
  const opens = `${list(opening)} opens the gate`;
  if (phase === undefined || phase === '')
    return { reason: StepReason.ApprovalPending, message: `${policy} (no phase): ${opens}` };
  const word = typeof phase === 'string' ? phase : JSON.stringify(phase);
  if (holds(WAITING, word.toLowerCase()))
    return { reason: StepReason.ApprovalPending, message: `${policy} (phase ${displayName(word)}): ${opens}` };
  const meant = suggestName(word, [...opening, ...DENYING, ...WAITING]);
  const guess = meant === undefined ? '' : ` (did you mean ${meant}?)`;
  const unknown = `${policy}, whose phase ${quoteName(word)} is unknown${guess}`;
  return { reason: StepReason.ApprovalPhaseUnknown, message: `${unknown}: ${opens}, ${list(DENYING)} denies it` };
}

/** `Approved, Allowed or Succeeded`. */
function list(words: readonly string[]): string {
  return `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}
