import type { ProxiedCall } from '../support/fault-proxy.ts';
import type { NamespacedApi } from '../support/namespaced-api.ts';

/** What a ToolRun may cost beside an active supporting controller. */
const MOST = { statusWrites: 4, events: 2 };

/** What our reconciler wrote for ToolRuns. Each number is that of the ToolRun that took the most. */
export interface Costs {
  /** Writes of the status. */
  readonly statusWrites: number;
  /** Writes of anything else, that is, of annotations. */
  readonly otherWrites: number;
  /** Events, including repetitions, which only raise the count of an Event. */
  readonly events: number;
}

export async function costOf(api: NamespacedApi, calls: readonly ProxiedCall[]): Promise<Costs> {
  const patches = calls.filter(({ verb, resource }) => verb === 'patch' && resource === 'toolruns');
  const isOfStatus = ({ subresource }: ProxiedCall) => subresource === 'status';
  const events = (await api.list('Event')).flatMap(({ involvedObject, count = 1, series }) =>
    involvedObject.kind === 'ToolRun' ? Array(Math.max(count ?? 1, series?.count ?? 1)).fill(involvedObject.name) : [],
  );
  return {
    statusWrites: most(patches.filter(isOfStatus).map(({ name = '' }) => name)),
    otherWrites: most(patches.filter((call) => !isOfStatus(call)).map(({ name = '' }) => name)),
    events: most(events),
  };
}

export function describeCosts({ statusWrites, otherWrites, events }: Costs): string {
  return `at most ${statusWrites} status writes, ${otherWrites} other writes and ${events} Events a ToolRun`;
}

export function complainOfCosts({ statusWrites, events }: Costs): string[] {
  return [
    ...(statusWrites > MOST.statusWrites ? [`${statusWrites} status writes of a ToolRun`] : []),
    ...(events > MOST.events ? [`${events} Events of a ToolRun`] : []),
  ];
}

function most(names: readonly string[]): number {
  return Math.max(0, ...[...Map.groupBy(names, (name) => name).values()].map(({ length }) => length));
}
