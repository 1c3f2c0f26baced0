import { readToolRunState, type ToolRunState } from '../../src/orchestration/tool-run-state.ts';
import type { NamespacedApi, StoredObject } from './namespaced-api.ts';

/** The state in the annotation of a ToolRun, as soon as it is as wanted. */
export async function stateOf(
  api: NamespacedApi,
  name: string,
  wanted: (state: ToolRunState) => boolean = () => true,
): Promise<ToolRunState> {
  const isSo = ({ metadata }: StoredObject) => {
    const state = readToolRunState(metadata);
    return state !== undefined && wanted(state);
  };
  return readToolRunState((await api.waitFor('ToolRun', name, isSo)).metadata) as ToolRunState;
}

/** The Job of a ToolRun, as soon as it is recorded. */
export async function jobOf(api: NamespacedApi, toolRun: string): Promise<StoredObject> {
  const { job } = await stateOf(api, toolRun, (state) => state.job?.uid !== undefined);
  return api.waitFor('Job', job?.name ?? '');
}
