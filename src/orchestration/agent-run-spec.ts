import { readObject, readReference } from './references.ts';
import type { Step } from './schema.ts';
import { readTexts } from './texts.ts';

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
  secrets: readSecrets,
  runtime: readRuntime,
  workflow: readWorkflow,
} as const satisfies Readonly<Record<string, (step: Step, field: string) => unknown>>;

export type AgentRunField = keyof typeof readers;

/** What the AgentRun of a step has in a field; undefined where the step does not say. */
export function readAgentRun(step: Step, field: AgentRunField): unknown {
  return readers[field](step, field);
}

/** The fields of a step, or of its `with`, that are read for its AgentRun: none of them is a parameter. */
export const agentRunFields: ReadonlySet<string> = new Set([...Object.keys(readers), 'ttlSecondsAfterFinished']);

/** The spec of the AgentRun that a step creates, less its parameters. */
export function buildAgentRunSpec(step: Step): Readonly<Record<string, unknown>> {
  const fields = Object.keys(readers).map((field) => [field, readAgentRun(step, field as AgentRunField)] as const);
  return Object.fromEntries(fields.filter(([, value]) => value !== undefined));
}

function readNamed(step: Step, field: string): unknown {
  const name = readReference(step, field);
  return name === undefined ? undefined : { name };
}

function readSecrets(step: Step): unknown {
  const secrets = readTexts(step, 'secrets');
  return secrets.length > 0 ? secrets : undefined;
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
