import { readObject, readReference, type StepReader } from '../references.ts';
import type { Step } from '../schema.ts';
import { readSeconds, readTexts } from '../texts.ts';

/** What a step without a runtime runs as. */
const JOB = Object.freeze({ type: 'job' });

/** How a step says what each field of its AgentRun is to be, parameters apart: as the agents chart's own controller reads it. */
const readers = {
  agentRef: readNamed,
  implementationSpecRef: readNamed,
  memoryRef: readNamed,
  vcsRef: readNamed,
  implementation: readObject,
  workload: readObject,
  policy: readObject,
  vcsPolicy: readObject,
  goal: readObject,
  secrets: readTexts,
  runtime: readRuntime,
  workflow: readWorkflow,
} as const satisfies Readonly<Record<string, (step: Step, field: string) => unknown>>;

export type AgentRunField = keyof typeof readers;

/** What the AgentRun of a step has in a field; undefined where the step does not say. */
export function readAgentRun(step: Step, field: AgentRunField): unknown {
  return readers[field](step, field);
}

/** The fields that are read for an AgentRun. What a step gives of them in its `with` is no parameter. */
export const agentRunFields: ReadonlyMap<string, StepReader> = new Map<string, StepReader>([
  ...['agentRef', 'implementationSpecRef', 'memoryRef', 'vcsRef'].map((field) => [field, readReference] as const),
  ...['implementation', 'workload', 'policy', 'vcsPolicy', 'goal'].map((field) => [field, readObject] as const),
  ...['runtime', 'workflow'].map((field) => [field, readObject] as const),
  ['secrets', readTexts],
  ['ttlSecondsAfterFinished', readSeconds],
]);

/** The spec of the AgentRun that a step creates, less its parameters. */
export function buildAgentRunSpec(step: Step): Readonly<Record<string, unknown>> {
  const fields = Object.keys(readers).map((field) => [field, readAgentRun(step, field as AgentRunField)] as const);
  return Object.fromEntries(fields.filter(([, value]) => value !== undefined));
}

function readNamed(step: Step, field: string): unknown {
  const name = readReference(step, field);
  return name === undefined ? undefined : { name };
}

function readRuntime(step: Step): Readonly<Record<string, unknown>> {
  const given = readObject(step, 'runtime');
  return given === undefined ? JOB : { ...JOB, ...given };
}

/** Read only of what runs as a workflow, which has one step unless it says otherwise. */
function readWorkflow(step: Step): unknown {
  return readRuntime(step)['type'] === 'workflow'
    ? { steps: [{ name: 'main' }], ...readObject(step, 'workflow') }
    : undefined;
}
