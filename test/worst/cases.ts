import type { Recipe } from './bodies.ts';

const base = {
  webhook: 'validate',
  kind: 'Orchestration',
  operation: 'CREATE',
  bytes: 7_300_000,
  steps: 1000,
} as const;
const part = (place: Recipe['parts'][number]['place'], filler: Recipe['parts'][number]['filler'], most = Infinity) => ({
  place,
  filler,
  most,
});

/** What the search found to cost most, one of each kind; each took hundreds of MiB, or a second, before limits were asked first. */
export const worstCases: readonly (Recipe & { readonly what: string })[] = [
  { ...base, what: 'a list of steps that are empty objects', parts: [part('steps', 'objects')] },
  { ...base, what: 'the same, to be completed', webhook: 'mutate', parts: [part('steps', 'objects')] },
  { ...base, what: '256,000 misspelt dependencies', parts: [part('dependsOn', 'longWords', 256)] },
  { ...base, what: '256,000 repeated dependencies', parts: [part('dependsOn', 'oneWord', 256)] },
  { ...base, what: '256,000 dependencies that are null', parts: [part('dependsOn', 'nulls', 256)] },
  { ...base, what: '256,000 dependencies on any step', parts: [part('dependsOn', 'otherSteps', 256)] },
  { ...base, what: 'numbers in with', parts: [part('with', 'keys')] },
  {
    ...base,
    what: 'malformed steps of many fields',
    parts: [part('stepName', 'zeros', 1), part('field', 'objectKeys')],
  },
  { ...base, what: 'null in with', parts: [part('with', 'nullKeys')] },
  { ...base, what: 'policies that are a list of empty objects', parts: [part('policy', 'objects')] },
  { ...base, what: 'policies of many keys', parts: [part('policies', 'objectKeys')] },
  { ...base, what: 'policies of keys that are null', parts: [part('policies', 'nullKeys')] },
  { ...base, what: 'nesting far too deep', parts: [part('field', 'deepMaps')] },
  {
    ...base,
    what: 'a denied update that changes nothing',
    operation: 'UPDATE',
    parts: [part('dependsOn', 'oneWord', 1), part('policy', 'objects'), part('retries', 'nulls', 1)],
  },
  {
    ...base,
    what: 'a denied update that changes nothing, deep',
    operation: 'UPDATE',
    steps: 1,
    parts: [part('retries', 'deepLists')],
  },
  { ...base, what: 'JSON text of an implementation', steps: 30, parts: [part('with.implementation', 'jsonObjects')] },
  {
    ...base,
    what: 'a run of parameters that are numbers',
    kind: 'OrchestrationRun',
    steps: 1,
    parts: [part('parameters', 'keys')],
  },
  {
    ...base,
    what: 'a run of parameters that are null',
    kind: 'OrchestrationRun',
    steps: 1,
    parts: [part('parameters', 'nullKeys')],
  },
  { ...base, what: 'long names', parts: [part('stepName', 'escapes')] },
];
