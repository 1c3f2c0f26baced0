import { displayText } from '../../dag/display.ts';
import { quoteForShell } from '../../objects/shell.ts';
import { formatElapsed } from '../cluster/elapsed.ts';
import { readExisting } from '../cluster/failure.ts';
import { findEvents, type RunEvent } from '../cluster/find-events.ts';
import { clusterFlags } from '../cluster/flags.ts';
import { forEachName, severalRuns } from '../cluster/run-operand.ts';
import { watchEvents } from '../cluster/watch-events.ts';
import { defineCommand } from '../command.ts';
import { toggle, type Values } from '../flags.ts';
import { formatList, formatName, objectOutput, withoutManagedFields } from '../format/objects.ts';
import { createTable } from '../format/table.ts';

const flags = {
  isWatched: { flag: 'watch', letter: 'w', kind: toggle, help: 'show each new one too, until the run has ended' },
  output: objectOutput,
  ...clusterFlags,
} as const;

/** Shows the Events of runs, and of all objects that carry out their steps. */
export const events = defineCommand({
  verb: 'events',
  details:
    'These objects are AgentRuns, ToolRuns and inner runs of all attempts, their Jobs and pods. The oldest Event comes first, ' +
    'and equal ones are counted as one. -o wide adds who reported an Event, and when it was first seen. With ' +
    '--watch, several runs are shown one after the other. By default, a cluster keeps Events for an hour.',
  operands: severalRuns,
  flags,
  exitCodes: { 0: 'shown, even if there are none', 2: 'could not be shown' },
  examples: ['events release-42 -n ci', 'events release-42 -n ci --watch'],
  check: ({ isWatched, output }) =>
    isWatched && !isTable(output) ? [`--watch shows a table: leave out -o ${output}`] : [],
  run: ({ output, isWatched, ...choice }, names, { withCluster, screen, clock }) =>
    withCluster(choice, async (cluster) => {
      const all = new Map<unknown, Parameters<typeof formatName>[0]>();
      const isWide = output === 'wide';
      const write = createTable(headEvents(isWide));
      const show = (rows: readonly RunEvent[]) => write(rows.map((event) => writeEvent(event, clock.now(), isWide)));
      const outcome = await forEachName('events', names, screen, async (name) => {
        const run = await readExisting(cluster, 'OrchestrationRun', name);
        const found = await findEvents(cluster, run);
        for (const object of found.objects) all.set(object.metadata.uid, object);
        const { namespace = cluster.namespace } = run.metadata;
        screen.warn(
          `events: ${describeCommand(namespace, name, choice)}, and the same for the objects that execute its steps\n`,
        );
        if (isTable(output) && found.events.length > 0) screen.write(show(found.events));
        if (isWatched) await watchEvents({ cluster, name, first: found, show, ports: { screen, clock } });
        else if (found.events.length === 0)
          screen.warn(`events: there are none of ${displayText(name)}: they may have expired\n`);
        return { exitCode: 0, stdout: '', stderr: '' };
      });
      const objects = [...all.values()].map(withoutManagedFields);
      if (output === 'name') return { ...outcome, stdout: objects.map(formatName).join('') };
      return isTable(output) ? outcome : { ...outcome, stdout: await formatList(output, objects) };
    }),
});

type Output = Values<typeof flags>['output'];

function isTable(output: Output): output is 'text' | 'wide' {
  return output === 'text' || output === 'wide';
}

/** The kubectl command that shows the Events of the run alone. */
function describeCommand(
  namespace: string,
  run: string,
  { kubeconfig, context }: { readonly kubeconfig?: string | undefined; readonly context?: string | undefined },
): string {
  const words = [
    ...['kubectl', 'events'],
    ...(kubeconfig === undefined ? [] : ['--kubeconfig', kubeconfig]),
    ...(context === undefined ? [] : ['--context', context]),
    ...['-n', namespace, '--for', `orchestrationrun/${run}`],
  ];
  return words.map(quoteForShell).join(' ');
}

function headEvents(isWide: boolean): readonly string[] {
  const last = ['TYPE', 'REASON', 'STEP', 'OBJECT', ...(isWide ? ['SOURCE', 'FIRST SEEN'] : [])];
  return ['LAST SEEN', ...last, 'MESSAGE'];
}

function writeEvent(event: RunEvent, nowMs: number, isWide: boolean): readonly string[] {
  const { type, reason, step, object, source, count, firstMs, lastMs, message } = event;
  const [last, first] = [formatElapsed(nowMs - lastMs), formatElapsed(nowMs - firstMs)];
  const seen = count === 1 ? last : `${last} (x${count} over ${formatElapsed(lastMs - firstMs)})`;
  const cells = [seen, type, reason, step, object, ...(isWide ? [source, first] : []), message];
  return cells.map((cell) => (cell === '' ? '-' : displayText(cell)));
}
