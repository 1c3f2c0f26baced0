import { readObject, readReference, type StepReader } from '../references.ts';
import type { Step } from '../schema.ts';
import { readSeconds, readTexts } from '../texts.ts';

/** The default runtime. */
const JOB = Object.freeze({ type: 'job' });

/**
 * The readers for the fields of an AgentRun, except its parameters. They read a step as the controller of the agents
 * chart does.
 */
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

/** Returns the value of a field of a step's AgentRun. Undefined if the step does not set it. */
export function readAgentRun(step: Step, field: AgentRunField): unknown {
  return readers[field](step, field);
}

/** The fields that are read for an AgentRun. If a step sets one of them in its `with`, it is not a parameter. */
export const agentRunFields: ReadonlyMap<string, StepReader> = new Map<string, StepReader>([
  ...['agentRef', 'implementationSpecRef', 'memoryRef', 'vcsRef'].map((field) => [field, readReference] as const),
  ...['implementation', 'workload', 'policy', 'vcsPolicy', 'goal'].map((field) => [field, readObject] as const),
  ...['runtime', 'workflow'].map((field) => [field, readObject] as const),
  ['secrets', readTexts],
  ['ttlSecondsAfterFinished', readSeconds],
]);

/** Builds the spec of the AgentRun that a step creates, without its parameters. */
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

/** Reads the workflow, which only the workflow runtime has. By default it has one step. */
function readWorkflow(step: Step): unknown {
  return readRuntime(step)['type'] === 'workflow'
    ? { steps: [{ name: 'main' }], ...readObject(step, 'workflow') }
    : undefined;
}
