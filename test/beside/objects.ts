import type { NamespacedApi, StoredObject } from '../support/namespaced-api.ts';

export const RUN = 'agents.proompteng.ai/orchestration-run';
const finals = ['Succeeded', 'Failed', 'Cancelled'];

/** Stores the Tool that `tool` steps run. */
export const storeTool = (api: NamespacedApi) =>
  api.create('Tool', 'echo', { spec: { image: 'echo', command: ['echo'] } });

/** Stores an Orchestration and a run of it, both under this name. */
export async function run(api: NamespacedApi, name: string, steps: readonly object[]): Promise<void> {
  await api.create('Orchestration', name, { spec: { steps } });
  await api.create('OrchestrationRun', name, { spec: { orchestrationRef: { name } } });
}

export const isFinal = ({ status }: StoredObject): boolean => finals.includes(status?.phase);
export const isIn =
  (phase: string) =>
  ({ status }: StoredObject): boolean =>
    status?.phase === phase;

/** The object as soon as it is final, or as it is after so many seconds. */
export async function endOf(
  api: NamespacedApi,
  kind: 'OrchestrationRun' | 'ToolRun' | 'AgentRun',
  name: string,
  seconds = 60,
): Promise<StoredObject | undefined> {
  return api.waitFor(kind, name, isFinal, seconds).catch(() => api.read(kind, name));
}

/** Counts of words, as `3 Succeeded, 1 Failed`. */
export function tally(words: readonly string[]): string {
  const counts = [...Map.groupBy(words, (word) => word)].map(([word, { length }]) => `${length} ${word}`);
  return counts.join(', ') || 'none';
}

/** Returns a complaint about each name whose count is not `expected`. */
export function complainUnlessEach(
  what: string,
  names: readonly string[],
  countOf: (name: string) => number,
  expected = 1,
): string[] {
  return names.flatMap((name) => {
    const count = countOf(name);
    return count === expected ? [] : [`${count} ${what} of ${name}`];
  });
}
