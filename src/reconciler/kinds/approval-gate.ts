import { asRecord } from '../../orchestration/decode.ts';
import { readReference } from '../../orchestration/references.ts';
import type { GateKind } from './kind.ts';

const APPROVED = new Set(['approved', 'allowed', 'ready', 'succeeded']);
const DENIED = new Set(['denied', 'rejected', 'blocked', 'failed']);

/** Waits for an ApprovalPolicy. It approves for every run that waits for it: approval is per policy, not per run. */
export const approvalGate: GateKind = {
  type: 'Gate',
  isRevocable: true,
  apiVersion: 'approvals.proompteng.ai/v1alpha1',
  kind: 'ApprovalPolicy',
  wants: (step) => [readReference(step, 'policyRef') ?? []].flat(),
  offers: ({ metadata }) => [metadata.name],
  matches: (step, { metadata }) => metadata.name === readReference(step, 'policyRef'),
  judge: (step, [policy]) => {
    const name = readReference(step, 'policyRef');
    if (name === undefined) {
      const message = 'policyRef is missing: an ApprovalGate step names the ApprovalPolicy to wait for';
      return { state: 'Failed', reason: 'InvalidStep', message, isFinal: true };
    }
    const { phase } = asRecord(policy?.['status']);
    const word = typeof phase === 'string' ? phase.toLowerCase() : '';
    if (APPROVED.has(word))
      return { state: 'Succeeded', message: `approval policy ${name} is ${word}, for every run that waits for it` };
    if (!DENIED.has(word)) return { state: 'Running' };
    return { state: 'Failed', reason: 'ApprovalDenied', message: `approval policy ${name} is ${word}`, isFinal: true };
  },
};
