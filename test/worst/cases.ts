import { LARGEST_BYTES, type Recipe } from './bodies.ts';

const base = {
  webhook: 'validate',
  kind: 'Orchestration',
  operation: 'CREATE',
  bytes: LARGEST_BYTES,
  steps: 1000,
} as const;

const part = (place: Recipe['parts'][number]['place'], filler: Recipe['parts'][number]['filler'], most: number) => ({
  place,
  filler,
  most,
});

/**
 * What the search found to cost most, one of each kind, as large as the gate parses it: a body that weighs more is denied
 * unread. Each took up to hundreds of MiB, or a second, before the gate checked limits first.
 */
export const worstCases: readonly (Recipe & { readonly what: string })[] = [
  { ...base, what: 'a list of steps that are empty objects', parts: [part('steps', 'objects', 110_000)] },
  { ...base, what: 'the same, to be completed', webhook: 'mutate', parts: [part('steps', 'objects', 110_000)] },
  { ...base, what: '256,000 misspelt dependencies', parts: [part('dependsOn', 'longWords', 256)] },
  { ...base, what: '256,000 repeated dependencies', parts: [part('dependsOn', 'oneWord', 256)] },
  { ...base, what: '256,000 dependencies that are null', parts: [part('dependsOn', 'nulls', 256)] },
  { ...base, what: '256,000 dependencies on any step', parts: [part('dependsOn', 'otherSteps', 256)] },
  { ...base, what: 'numbers in with', parts: [part('with', 'keys', 320)] },
  { ...base, what: 'null in with', parts: [part('with', 'nullKeys', 320)] },
  {
    ...base,
    what: 'malformed steps of many fields',
    parts: [part('stepName', 'zeros', 1), part('field', 'objectKeys', 85)],
  },
  { ...base, what: 'steps of fields that are all misspelt', parts: [part('fields', 'misspeltKeys', 85)] },
  { ...base, what: 'steps of fields that all mean dependsOn', parts: [part('fields', 'sameMisspeltKeys', 30)] },
  { ...base, what: 'policies of misspelt keys', parts: [part('policies', 'misspeltKeys', 85_000)] },
  { ...base, what: 'labels that are numbers in each AgentRun', parts: [part('labels', 'zeros', 200)] },
  { ...base, what: 'labels of each AgentRun', parts: [part('labels', 'words', 2000)] },
  { ...base, what: 'policies that are a list of empty objects', parts: [part('policy', 'objects', 100_000)] },
  { ...base, what: 'policies that are a list of words', parts: [part('policy', 'words', 980_000)] },
  { ...base, what: 'policies of many keys', parts: [part('policies', 'keys', 320_000)] },
  { ...base, what: 'policies of keys that are null', parts: [part('policies', 'nullKeys', 320_000)] },
  { ...base, what: 'objects of as many shapes', parts: [part('policy', 'shapes', 85_000)] },
  { ...base, what: 'nesting far too deep', steps: 1, parts: [part('field', 'deepLists', 0)], bytes: 240_000 },
  {
    ...base,
    what: 'a denied update that changes nothing',
    operation: 'UPDATE',
    parts: [part('dependsOn', 'oneWord', 1), part('policy', 'objects', 50_000), part('retries', 'nulls', 1)],
  },
  { ...base, what: 'JSON text of implementations', steps: 30, parts: [part('with.implementation', 'jsonObjects', 1)] },
  {
    ...base,
    what: 'a run of parameters that are numbers',
    kind: 'OrchestrationRun',
    steps: 1,
    parts: [part('parameters', 'keys', 320_000)],
  },
  {
    ...base,
    what: 'a run of parameters that are null',
    kind: 'OrchestrationRun',
    steps: 1,
    parts: [part('parameters', 'nullKeys', 320_000)],
  },
  { ...base, what: 'conditions of 1,000 characters', parts: [part('when', 'condition', 1)] },
  { ...base, what: 'conditions with patterns', parts: [part('when', 'pattern', 1)] },
  { ...base, what: 'placeholders', parts: [part('with.text', 'placeholders', 1)] },
  { ...base, what: 'placeholders of another program', steps: 30, parts: [part('with.text', 'strangers', 1)] },
  { ...base, what: 'JSON text of placeholders', steps: 30, parts: [part('with.text', 'jsonPlaceholders', 1)] },
  { ...base, what: 'outputs', parts: [part('outputs', 'expressionKeys', 100)] },
  { ...base, what: 'outputs that are all wrong', parts: [part('outputs', 'brokenKeys', 100)] },
  { ...base, what: 'outputs of one step', steps: 1, parts: [part('outputs', 'brokenKeys', 900_000)] },
  { ...base, what: 'declared parameters', parts: [part('policies.parameters', 'declarations', 100)] },
  { ...base, what: 'long names', parts: [part('stepName', 'escapes', 1)] },
];
