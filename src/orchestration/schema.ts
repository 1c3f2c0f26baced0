import type { FromSchema } from 'json-schema-to-ts';

/**
 * The only definition of the fields of both kinds. ajv validates with it, the types below are derived from it, and
 * `make generate` generates the CRDs from it. It is the schema of the agents chart, plus descriptions,
 * `continueOnFailure`, `pendingTimeoutSeconds`, `runIf`, `when`, `outputs` and `approvers`. It adds no limit that the
 * schema of the agents chart lacks, so decoding (decode.ts) checks for empty values, and the rules check ranges.
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
    name: text('Name of the step, unique in this list. A DNS label of at most 63 characters is valid everywhere.'),
    kind: text('Kind of the step, which defines what the step does.'),
    dependsOn: {
      type: 'array',
      items: { type: 'string' },
      description:
        'Names of the steps that this step depends on. The step starts after each of them has succeeded, or has ' +
        'failed and has continueOnFailure. If no step in the list sets dependsOn, steps run in sequence: a step ' +
        'that omits dependsOn depends on the step before it. If at least one step sets dependsOn, a step that omits ' +
        'it has no dependencies. An empty list means no dependencies.',
    },
    continueOnFailure: {
      type: 'boolean',
      description:
        'If true, the dependents of this step start even if the step has failed and has no attempts left. This ' +
        'applies only to a failure of the step itself. If the step is skipped or cancelled, its dependents do not ' +
        'start.',
    },
    retries: integer(
      'Maximum number of attempts after the first one fails. If absent, spec.policies.retries.limit applies, or ' +
        'else 0.',
    ),
    retryBackoffSeconds: integer(
      'Seconds between a failed attempt and the next one. If 0 or absent, the next attempt starts at once.',
    ),
    timeoutSeconds: integer(
      'Maximum duration of one attempt, in seconds. It counts from the start of the AgentRun or the Job, or else ' +
        'from the start of the attempt. If 0 or absent, there is no limit.',
    ),
    pendingTimeoutSeconds: integer(
      'Maximum time that the child of an AgentRun or ToolRun step can exist without starting, in seconds, for ' +
        'each attempt. If 0 or absent, there is no limit.',
    ),
    agentRef: reference('The Agent that an AgentRun step runs.'),
    toolRef: reference('The Tool that a ToolRun step runs.'),
    orchestrationRef: reference('The Orchestration that a SubOrchestration step runs.'),
    policyRef: text(
      'Name of the ApprovalPolicy that an ApprovalGate step waits for, in the same namespace. People can decide about the ' +
        'step too. If absent, only they do.',
    ),
    approvers: {
      type: 'object',
      'x-kubernetes-preserve-unknown-fields': true,
      description: 'Which people have to approve an ApprovalGate step.',
      properties: {
        count: integer('How many users have to approve. If absent, 1.'),
        notCreator: {
          type: 'boolean',
          description: 'If true, the decisions of the user who created the run do not count.',
        },
      },
    },
    with: textMap('Parameters of the step. They override the parameters of the run.'),
    runIf: text(
      'When the step runs: Succeeded (the default), if each of its dependencies is satisfied; Failed, if at least one ' +
        'of them is not; Always, in any case, also after a cancel or the deadline of the run. With Failed and Always, ' +
        'the step waits until all of its ancestors are final.',
    ),
    when: text(
      'CEL expression over parameters, run and steps. It is evaluated when the step would start. If it is false, the ' +
        'step is skipped, and its dependents run.',
    ),
    outputs: textMap(
      'Values that later steps can read, each a CEL expression over child, parameters, run and steps. They are ' +
        'evaluated once, when an attempt succeeds.',
    ),
  },
} as const;

export const orchestrationSpecSchema = {
  type: 'object',
  required: ['steps'],
  description: 'A graph of steps and their dependencies.',
  properties: {
    entrypoint: text('Name of the step that readers should start with. It has no effect on which steps run.'),
    policies: {
      type: 'object',
      'x-kubernetes-preserve-unknown-fields': true,
      additionalProperties: { 'x-kubernetes-preserve-unknown-fields': true },
      description:
        'Defaults and limits of a run: retries.limit, timeouts.totalSeconds, maxParallel, ttlSecondsAfterFinished ' +
        'and history.limit; how many runs of a group work at the same time: concurrency, with max, group (a CEL ' +
        'expression over parameters and run) and whenFull (Queue, Fail or Replace); and the declared parameters of a run: parameters, a map from names to required, default, ' +
        'enum, pattern and description. Other fields are stored and have no effect.',
    },
    steps: {
      type: 'array',
      items: stepSchema,
      description:
        'The steps of the graph. If no step sets dependsOn, they run one after the other, in this order. Otherwise, ' +
        'the order matters only among steps that are ready at the same time. A step can have more fields than this ' +
        'schema lists. A SignalWait step reads signalRef, the name of the signal to wait for (a SignalDelivery ' +
        'counts if it is created with the run or after it), and deliveryId, the deliveryId of the SignalDelivery to ' +
        'wait for (whenever it is created). It needs one of them. An AgentRun step reads implementationSpecRef, ' +
        'the name of an ImplementationSpec, and implementation, an inline implementation. It needs one of them. An ' +
        'AgentRun step also reads memoryRef, vcsRef, vcsPolicy, policy, workload, goal, secrets, runtime, workflow ' +
        'and ttlSecondsAfterFinished. A step can also give these fields, and its references, in with.',
    },
  },
} as const;

export const orchestrationRunSpecSchema = {
  type: 'object',
  required: ['orchestrationRef'],
  description: 'One execution of an Orchestration, as it was when the run started.',
  properties: {
    orchestrationRef: reference('The Orchestration to run.'),
    parameters: textMap('Parameters that are passed to every step.'),
    deliveryId: text(
      'ID of the event that caused this run. The children of the run have it in the annotation ' +
        'agents.proompteng.ai/delivery-id. It does not affect SignalWait steps.',
    ),
  },
} as const;

const conditionSchema = {
  type: 'object',
  description: 'One aspect of the state of this object.',
  required: ['lastTransitionTime', 'message', 'reason', 'status', 'type'],
  properties: {
    type: text('Type of the condition, in CamelCase.'),
    status: { type: 'string', enum: ['True', 'False', 'Unknown'], description: 'Whether the condition holds.' },
    reason: text('Reason for the status, as one word in CamelCase for programs.'),
    message: text('Reason for the status, as a sentence for people.'),
    lastTransitionTime: time('Time of the last change of status.'),
    observedGeneration: {
      type: 'integer',
      format: 'int64',
      minimum: 0,
      description: 'Generation of the object that this condition describes.',
    },
  },
} as const;

const commonStatus = {
  phase: text('Current state of the object, as one word.'),
  conditions: { type: 'array', items: conditionSchema, description: 'Conditions of the object.' },
  observedGeneration: {
    type: 'integer',
    format: 'int64',
    description: 'Generation of the object that this status describes.',
  },
  updatedAt: time('Time of the last write of this status.'),
} as const;

export const orchestrationStatusSchema = {
  type: 'object',
  description: 'Observed state. The reconciler writes it.',
  properties: commonStatus,
} as const;

export const orchestrationRunStatusSchema = {
  type: 'object',
  description: 'Observed state. The reconciler writes it.',
  properties: {
    ...commonStatus,
    runId: text('ID of the run. It is set when the run has stored its snapshot of the Orchestration.'),
    startedAt: time('Time when the run started.'),
    finishedAt: time('Time when the run reached its final phase.'),
    stepStatuses: {
      type: 'array',
      description:
        'One entry for each step, in declaration order, with name, kind, phase, reason, message, attempt, times and ' +
        'the reference to the child.',
      items: { type: 'object', additionalProperties: { 'x-kubernetes-preserve-unknown-fields': true } },
    },
  },
} as const;

/** A step as its author wrote it, with valid types. Fields that the schema does not name are kept. */
export type Step = FromSchema<typeof stepSchema>;

export type OrchestrationRunSpec = FromSchema<typeof orchestrationRunSpecSchema>;
