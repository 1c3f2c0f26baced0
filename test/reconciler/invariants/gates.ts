import type { StoredObject } from '../../../src/objects/object.ts';
import { type Check, said } from './moment.ts';

/** A gate ends as the policy that was observed says. Ready opens a gate only if the policy needs no decision. */
export const obeysPolicy: Check = (moment, _, changes) => {
  if (moment.type !== 'Recorded') return [];
  const { isSuspended } = moment.observation.run;
  return changes
    .filter(({ step }) => step.kind === 'ApprovalGate')
    .flatMap(({ name, before, after }) => {
      const { phase, opens, denies } = readPolicy(moment.observation.watched.get(name)?.[0]);
      const isNew = before.phase !== after.phase;
      return [
        said(isNew && after.phase === 'Succeeded' && !opens, `${name} opened although its policy is ${phase}`),
        said(
          isNew && after.reason === 'ApprovalDenied' && !denies,
          `${name} was denied although its policy is ${phase}`,
        ),
        said(
          after.phase === 'Running' && !isSuspended && (opens || denies),
          `${name} waits although its policy is ${phase}`,
        ),
        said(after.phase === 'Running' && !after.message, `${name} does not say what it waits for`),
      ];
    });
};

function readPolicy(policy: StoredObject | undefined) {
  const { phase } = Object(policy?.['status']);
  const { mode, defaultDecision } = Object(policy?.['spec']);
  const needsNoDecision = mode === 'auto' || defaultDecision === 'allow';
  return { phase, opens: phase === 'Approved' || (phase === 'Ready' && needsNoDecision), denies: phase === 'Denied' };
}
