import type { StoredObject } from '../../objects/object.ts';
import { findCondition, listConditions } from '../conditions.ts';
import { asRecord } from '../decode.ts';
import { namesOfTheChild, ofTheChild, reference } from '../fields.ts';
import { readSeconds } from '../texts.ts';
import { ForeignConditionType } from '../vocabulary/conditions.ts';
import { StepReason } from '../vocabulary/step-reasons.ts';
import { checkAgentRun } from './agent-run-rules.ts';
import { agentRunFields, buildAgentRunSpec } from './agent-run-spec.ts';
import { jobNames } from './jobs.ts';
import type { ChildKind, Wait } from './kind.ts';
import { readOutcome } from './outcome.ts';
import { mergeParameters } from './parameters.ts';
import { readStartUnless } from './start.ts';

export const agentRun: ChildKind = {
  type: 'Child',
  name: 'AgentRun',
  does: 'runs an Agent',
  needs: [['agentRef'], ['implementationSpecRef', 'implementation']],
  fields: {
    agentRef: reference('agent agentName'),
    implementationSpecRef: {
      ...reference('implementationSpec implementationRef implSpecRef'),
      means: 'Name of the ImplementationSpec that says what to do.',
    },
    implementation: { ...ofTheChild, means: 'An implementation in the step itself.', isObject: true },
    memoryRef: namesOfTheChild,
    vcsRef: namesOfTheChild,
    vcsPolicy: ofTheChild,
    policy: ofTheChild,
    workload: ofTheChild,
    goal: ofTheChild,
    secrets: namesOfTheChild,
    runtime: { ...ofTheChild, without: 'the child has the runtime job' },
    workflow: { ...ofTheChild, without: 'a child with the runtime workflow has one step, named main' },
    ttlSecondsAfterFinished: {
      aliases: 'ttl ttlSeconds',
      means: 'Seconds after which the finished AgentRun is deleted.',
      without: 'the finished child is kept',
      isStatic: true,
    },
  },
  apiVersion: 'agents.proompteng.ai/v1alpha1',
  kind: 'AgentRun',
  plural: 'agentruns',
  buildSpec: (step, run) => {
    const spec = buildAgentRunSpec(step);
    if (!('agentRef' in spec)) return { refusal: 'agentRef is missing: an AgentRun step names the Agent to run' };
    if (!('implementationSpecRef' in spec) && !('implementation' in spec)) {
      return {
        refusal: 'implementationSpecRef and implementation are both missing: an AgentRun step needs one of them',
      };
    }
    return { spec: { ...spec, parameters: mergeParameters(step, run, agentRunFields) } };
  },
  checkChild: checkAgentRun,
  ttlSeconds: (step) => readSeconds(step, 'ttlSecondsAfterFinished'),
  isHeld: true,
  readOutcome,
  readStart: readStartUnless(['Pending']),
  readWait: readBlocked,
  jobs: ({ status }) => readJobs(status),
};

/** The agents chart runs an AgentRun as one Job, or as a Job for each step of its workflow and each pass of a loop. */
function readJobs(status: unknown): readonly string[] {
  const { runtimeRef, workflow } = asRecord(status);
  const refs = records(asRecord(workflow)['steps']).flatMap(({ jobRef, loop }) => [
    ...records(asRecord(loop)['iterations']).map((pass) => pass['jobRef']),
    jobRef,
  ]);
  return jobNames([runtimeRef, ...refs]);
}

function records(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.map(asRecord) : [];
}

/**
 * Returns the wait of an AgentRun that its controller blocks until there is capacity. If the step already shows this
 * reason, the message does not change.
 */
function readBlocked({ metadata, status }: StoredObject, said: string): Wait | undefined {
  const { status: is, reason, message } = findCondition(listConditions(status), ForeignConditionType.Blocked) ?? {};
  if (asRecord(status)['phase'] !== 'Pending' || is !== 'True') return undefined;
  const blocked = `AgentRun ${metadata.name} is blocked (${String(reason)})`;
  if (said.startsWith(blocked)) return { reason: StepReason.ChildBlocked, message: said };
  return { reason: StepReason.ChildBlocked, message: typeof message === 'string' ? `${blocked}: ${message}` : blocked };
}
