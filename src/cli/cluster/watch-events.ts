import { KubeErrorReason } from '../../orchestration/vocabulary/kube-error-reasons.ts';
import type { Ports } from '../command.ts';
import { CommandError, readExisting } from './failure.ts';
import { type FoundEvents, type RunEvent, selectEvents, topicOf } from './find-events.ts';
import { createNotes, keepLooking } from './keep-looking.ts';
import type { Cluster } from './port.ts';
import { hasEnded, readRun } from './run.ts';

export interface EventWatch {
  readonly cluster: Cluster;
  readonly name: string;
  /** The Events that are shown already. */
  readonly first: FoundEvents;
  readonly show: (events: readonly RunEvent[]) => string;
  readonly ports: Pick<Ports, 'screen' | 'clock'>;
}

/**
 * Shows each Event of a run that is new or has happened again, until the run has ended or nobody reads any more. Events
 * are written after what they describe, so the run is looked at once more after its end. The Events of the namespace
 * are followed, because listing all of them at each look would cost the API server too much. Throws CommandError if the
 * user may not watch them.
 */
export async function watchEvents({ cluster, name, first, show, ports: { screen, clock } }: EventWatch): Promise<void> {
  const events = new Map(first.objects.map((event) => [event.metadata.uid, event]));
  const shown = new Map(first.events.map((event) => [topicOf(event), event]));
  const note = createNotes('events', screen);
  let isForbidden = false;
  const stop = cluster.followAll(
    'Event',
    {},
    {
      onChange: (event) => events.set(event.metadata.uid, event),
      onDeleted: (last) => events.delete(last?.metadata.uid),
      onTrouble: (reason) => {
        if (reason === KubeErrorReason.Forbidden) isForbidden = true;
        else note(`cannot follow the API server (${reason}), trying again`);
      },
      onContact: () => {},
    },
  );
  const look = async () => {
    const run = await readExisting(cluster, 'OrchestrationRun', name);
    return { hasEnded: hasEnded(readRun(run)), ...(await selectEvents(cluster, run, [...events.values()])) };
  };
  let isOver = false;
  try {
    for await (const found of keepLooking(look, clock, note)) {
      if (isForbidden) throw new CommandError('you may list Events and not follow them: ask for the verb watch');
      const news = found.events.filter((event) => isNews(event, shown.get(topicOf(event))));
      for (const event of news) shown.set(topicOf(event), event);
      if (news.length > 0) screen.write(show(news));
      if (isOver || !(await screen.drained())) break;
      isOver = found.hasEnded;
    }
  } finally {
    await stop();
  }
}

/**
 * Whether an Event is new or has happened again. Times are in seconds, so an Event can happen again in the same second.
 * Events expire, and then their count is smaller.
 */
function isNews({ lastMs, count }: RunEvent, before: RunEvent | undefined): boolean {
  return before === undefined || lastMs > before.lastMs || (lastMs === before.lastMs && count > before.count);
}
