import type { FromSchema } from 'json-schema-to-ts';

/**
 * The fields of both kinds, written once: ajv judges by it, the types below are derived from it, and the CRDs are
 * generated from it (`make generate`). It is the agents chart's schema with descriptions and `continueOnFailure`; it
 * sets no limit that one lacks, so emptiness and ranges are rules (rules.ts), not schema.
 */
export const GROUP = 'orchestration.proompteng.ai';
export const VERSION = 'v1alpha1';
export const API_VERSION = `${GROUP}/${VERSION}`;

const text = (description: string) => ({ type: 'string', description }) as const;
const integer = (description: string) => ({ type: 'integer', format: 'int32', description }) as const;
const time = (description: string) => ({ type: 'string', format: 'date-time', description }) as const;
const reference = (description: string) =>
  ({
    type: 'object',
    description,
    required: ['name'],
    properties: { name: { type: 'string', description: 'Name of the object, in the same namespace.' } },
  }) as const;
const textMap = (description: string) =>
  ({ type: 'object', description, additionalProperties: { type: 'string' } }) as const;

export const stepSchema = {
  type: 'object',
  'x-kubernetes-preserve-unknown-fields': true,
  required: ['kind', 'name'],
  properties: {
    name: text('Name of the step, unique in this list. A DNS label of at most 63 characters works everywhere.'),
    kind: text('What the step does.'),
    dependsOn: {
      type: 'array',
      items: { type: 'string' },
      description:
        'Names of the steps that must be satisfied before this one starts: succeeded, or failed with continueOnFailure. ' +
        'If no step of the list declares dependsOn, each waits for the one before it. As soon as one step declares it, ' +
        'a step without it starts at once; an empty list says so explicitly.',
    },
    continueOnFailure: {
      type: 'boolean',
      description:
        'Best effort: when this step has failed and no attempts are left, its dependents start as if it had succeeded. ' +
        'It speaks only of the step’s own failure; a skipped or cancelled step never satisfies its dependents.',
    },
    retries: integer(
      'Attempts after the first one that fails. 0 or absent: none, unless spec.policies.retries.limit says more.',
    ),
    retryBackoffSeconds: integer('Seconds between a failed attempt and the next one. 0 or absent: at once.'),
    timeoutSeconds: integer(
      'Bounds one attempt, from its start: that of the AgentRun or the Job, otherwise that of the attempt. 0 or absent: no bound.',
    ),
    pendingTimeoutSeconds: integer(
      'Bounds the time in which the child of an AgentRun or ToolRun step exists and has not started, in each attempt. 0 or absent: no bound.',
    ),
    agentRef: reference('The Agent that an AgentRun step runs.'),
    toolRef: reference('The Tool that a ToolRun step runs.'),
    orchestrationRef: reference('The Orchestration that a SubOrchestration step runs.'),
    policyRef: text('The ApprovalPolicy that an ApprovalGate step waits for.'),
    with: textMap('Parameters of the step, laid over those of the run.'),
  },
} as const;

export const orchestrationSpecSchema = {
  type: 'object',
  required: ['steps'],
  description: 'A graph of steps: which there are, and what each waits for.',
  properties: {
    entrypoint: text('Name of the step to read first. It has no effect on what runs.'),
    policies: {
      type: 'object',
      'x-kubernetes-preserve-unknown-fields': true,
      additionalProperties: { 'x-kubernetes-preserve-unknown-fields': true },
      description:
        'Defaults and bounds of a run: retries.limit, timeouts.totalSeconds, maxParallel, ttlSecondsAfterFinished, history.limit. Anything else is kept.',
    },
    steps: {
      type: 'array',
      items: stepSchema,
      description:
        'The steps. If none of them declares dependsOn, they run one after the other, in this order; if one does, the order only ' +
        'breaks ties. Steps keep unknown fields, and these are read: signalRef or deliveryId of a SignalWait; of an AgentRun ' +
        'implementationSpecRef, implementation, memoryRef, vcsRef, vcsPolicy, policy, workload, goal, secrets, runtime, workflow ' +
        'and ttlSecondsAfterFinished. References and all these may stand in with, too.',
    },
  },
} as const;

export const orchestrationRunSpecSchema = {
  type: 'object',
  required: ['orchestrationRef'],
  description: 'One execution of an Orchestration, as it was when the run started.',
  properties: {
    orchestrationRef: reference('The Orchestration to run.'),
    parameters: textMap('Parameters handed to every step.'),
    deliveryId: text('Identifies the event that asked for this run.'),
  },
} as const;

const conditionSchema = {
  type: 'object',
  description: 'One aspect of the state of this object.',
  required: ['lastTransitionTime', 'message', 'reason', 'status', 'type'],
  properties: {
    type: text('Type of the condition, in CamelCase.'),
    status: { type: 'string', enum: ['True', 'False', 'Unknown'], description: 'Whether the condition holds.' },
    reason: text('Why, as one word in CamelCase for programs.'),
    message: text('Why, as a sentence for people.'),
    lastTransitionTime: time('When status last changed.'),
    observedGeneration: {
      type: 'integer',
      format: 'int64',
      minimum: 0,
      description: 'The generation this was said of.',
    },
  },
} as const;

const commonStatus = {
  phase: text('Where the object stands, in one word.'),
  conditions: { type: 'array', items: conditionSchema, description: 'What is true of the object now.' },
  observedGeneration: {
    type: 'integer',
    format: 'int64',
    description: 'The generation of spec that this status is about.',
  },
  updatedAt: time('When this status was last written.'),
} as const;

export const orchestrationStatusSchema = {
  type: 'object',
  description: 'Written by the reconciler.',
  properties: commonStatus,
} as const;

export const orchestrationRunStatusSchema = {
  type: 'object',
  description: 'Written by the reconciler.',
  properties: {
    ...commonStatus,
    runId: text('Set once the run has taken its snapshot of the Orchestration.'),
    startedAt: time('When the run started.'),
    finishedAt: time('When the run reached its last phase.'),
    stepStatuses: {
      type: 'array',
      description:
        'One entry a step, in declaration order: name, kind, phase, reason, message, attempt, times and the child’s reference.',
      items: { type: 'object', additionalProperties: { 'x-kubernetes-preserve-unknown-fields': true } },
    },
  },
} as const;

/** A step as its author wrote it, of the right types; fields the schema does not name are kept. */
export type Step = FromSchema<typeof stepSchema>;

export type OrchestrationRunSpec = FromSchema<typeof orchestrationRunSpecSchema>;
