import type { Shape } from '../shapes.ts';
import type { AgentRunField } from './agent-run-spec.ts';

const text: Shape = { type: 'string' };
const texts: Shape = { type: 'array', items: text };
const textMap: Shape = { type: 'object', additionalProperties: text };
/** An object in which all of these properties are required. */
const whole = (properties: Readonly<Record<string, Shape>>): Shape => ({
  type: 'object',
  required: Object.keys(properties),
  properties,
});
const reference = whole({ name: text });

const implementation: Shape = {
  type: 'object',
  required: ['inline'],
  properties: {
    inline: {
      type: 'object',
      required: ['text'],
      properties: {
        text: { type: 'string', maxLength: 131_072, fix: 'write what the agent is to do' },
        summary: { type: 'string', maxLength: 256 },
        description: { type: 'string', maxLength: 131_072 },
        acceptanceCriteria: { ...texts, maxItems: 50 },
        labels: texts,
        source: {
          type: 'object',
          required: ['provider'],
          properties: {
            provider: { type: 'string', enum: ['github', 'linear', 'manual', 'custom'] },
            externalId: text,
            url: text,
          },
        },
        contract: {
          type: 'object',
          properties: {
            requiredKeys: { ...texts, maxItems: 50 },
            mappings: {
              type: 'array',
              maxItems: 100,
              items: whole({ from: { type: 'string', maxLength: 256 }, to: { type: 'string', maxLength: 256 } }),
            },
          },
        },
        vcsRef: reference,
      },
    },
  },
};

const workload: Shape = {
  type: 'object',
  properties: {
    image: text,
    resources: { type: 'object', properties: { limits: textMap, requests: textMap } },
    volumes: {
      type: 'array',
      items: {
        type: 'object',
        required: ['name', 'mountPath', 'type'],
        properties: {
          name: text,
          mountPath: text,
          type: { type: 'string', enum: ['emptyDir', 'pvc', 'secret'] },
          claimName: text,
          secretName: text,
          medium: text,
          sizeLimit: text,
          readOnly: { type: 'boolean' },
        },
      },
    },
  },
};

/**
 * The schema of the fields of an AgentRun's spec that a step can give. Source: the CRD agentruns.agents.proompteng.ai
 * v1alpha1 of the agents chart 0.9.29. Children of other kinds need only a reference, which MissingStepReference
 * checks.
 */
export const agentRunFacts = {
  implementation,
  workload,
  goal: {
    type: 'object',
    required: ['objective'],
    properties: {
      objective: { type: 'string', minLength: 1, maxLength: 8192 },
      tokenBudget: { type: 'integer', minimum: 1 },
    },
  },
  vcsPolicy: {
    type: 'object',
    properties: {
      mode: { type: 'string', enum: ['read-write', 'read-only', 'none'] },
      required: { type: 'boolean' },
    },
  },
  runtime: {
    type: 'object',
    properties: {
      type: { type: 'string', enum: ['workflow', 'job', 'temporal', 'custom'] },
      config: { type: 'object' },
    },
  },
  workflow: {
    type: 'object',
    properties: {
      steps: {
        type: 'array',
        items: {
          type: 'object',
          required: ['name'],
          properties: {
            name: text,
            implementation,
            implementationSpecRef: reference,
            parameters: textMap,
            retries: { type: 'integer' },
            retryBackoffSeconds: { type: 'integer' },
            timeoutSeconds: { type: 'integer', minimum: 0 },
            workload,
          },
        },
      },
    },
  },
} as const satisfies Partial<Readonly<Record<AgentRunField, Shape>>>;

/** The limits for the parameters of an AgentRun. */
export const parameterFacts = {
  /** Maximum number. Source: `maxProperties` in the same CRD. */
  most: 100,
  /** A name that is not allowed. Source: a validation rule of the same CRD. */
  forbidden: 'prompt',
  /**
   * Maximum size of a value, in bytes of UTF-8. Source: the agents controller, which fails the AgentRun
   * (ParameterValueTooLarge).
   */
  mostBytes: 2048,
} as const;
