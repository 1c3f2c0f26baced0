import { displayText, quoteName } from '../../dag/display.ts';
import { suggestName } from '../../dag/suggest.ts';
import type { KubeObject } from '../../objects/object.ts';
import { KubeErrorReason } from '../../orchestration/vocabulary/kube-error-reasons.ts';
import { guess } from '../arguments.ts';
import { CommandError, describeUnknownKind } from '../cluster/failure.ts';
import { clusterFlags, duration } from '../cluster/flags.ts';
import { compareRows, headList, type ListRow, readRow, writeRow } from '../cluster/list-rows.ts';
import { type Cluster, type ClusterKind, isApiFailure } from '../cluster/port.ts';
import { kindOf } from '../cluster/run-operand.ts';
import { createFindMine } from '../cluster/waiting-for-me.ts';
import { watchList } from '../cluster/watch-list.ts';
import { defineCommand, describeUnexpected, type OperandKind } from '../command.ts';
import { anyText, commaList, toggle, type Values } from '../flags.ts';
import { formatList, formatName, objectOutput, withoutManagedFields } from '../format/objects.ts';
import { createTable } from '../format/table.ts';

/** The phases of each kind. `Template` is the state of a template, which never runs. */
const PHASES: Readonly<Record<ClusterKind, readonly string[]>> = {
  OrchestrationRun: ['Pending', 'Running', 'Succeeded', 'Failed', 'Cancelled', 'Template'],
  Orchestration: ['Ready', 'Invalid'],
};

const flags = {
  phases: {
    flag: 'phase',
    kind: commaList('PHASE', 'phases', (word) => word !== ''),
    help: 'only these phases, such as Running,Failed',
  },
  of: { flag: 'of', kind: anyText('ORCHESTRATION'), help: 'only runs of that Orchestration' },
  sinceMs: { flag: 'since', kind: duration, help: 'only objects created in this time: 90s, 10m, 2h' },
  labelSelector: {
    flag: 'selector',
    letter: 'l',
    kind: anyText('SELECTOR'),
    help: 'only objects with these labels, such as team=shop',
  },
  isEverywhere: { flag: 'all-namespaces', letter: 'A', kind: toggle, help: 'list all namespaces' },
  isForMe: { flag: 'waiting-for-me', kind: toggle, help: 'only runs with a step that waits for your approval' },
  isWatched: {
    flag: 'watch',
    letter: 'w',
    kind: toggle,
    help: 'after the list, show each change until you press Ctrl-C',
  },
  output: objectOutput,
  ...clusterFlags,
} as const;

type Choice = Values<typeof flags>;

/** Lists runs or Orchestrations, the newest first. */
export const list = defineCommand({
  verb: 'list',
  details: '-o wide adds the reason and the message of each.',
  operands: kindOperand(),
  flags,
  exitCodes: { 0: 'listed, even if there is nothing', 2: 'could not be listed' },
  examples: [
    'list -n ci --phase Running,Failed --since 2h',
    'list -A --waiting-for-me -o wide',
    'list orchestrations -A -o wide',
  ],
  check: ({ isWatched, isForMe, output }) => [
    ...(isWatched && output !== 'text' && output !== 'wide' ? [`--watch shows a table: leave out -o ${output}`] : []),
    ...(isWatched && isForMe ? ['--waiting-for-me shows what waits now: leave out --watch'] : []),
  ],
  run: (choice, kind, { withCluster, screen, clock }) => {
    checkChoice(kind, choice);
    return withCluster(choice, async (cluster) => {
      const { output, isEverywhere = false } = choice;
      const isData = output === 'json' || output === 'yaml';
      const found = await findAll(cluster, kind, choice, clock.now());
      const objects = found.flatMap(({ object }) => object ?? []);
      if (isData) return { exitCode: 0, stdout: await formatList(output, objects), stderr: '' };
      if (output === 'name') return { exitCode: 0, stdout: objects.map(formatName).join(''), stderr: '' };
      const columns = { kind, isEverywhere, isWide: output === 'wide' };
      const write = createTable(headList(columns));
      const show = (rows: readonly ListRow[]) => write(rows.map((row) => writeRow(row, clock.now(), columns)));
      const rows = found.map(({ row }) => row);
      if (rows.length > 0) screen.write(show(rows));
      const keeps = (row: ListRow) => isWanted(row, choice, clock.now());
      if (choice.isWatched) await watchList({ cluster, kind, where: choice, rows, show, keeps, screen });
      else if (rows.length === 0) screen.warn(`list: ${await describeNothing(cluster, kind, choice)}\n`);
      return { exitCode: 0, stdout: '', stderr: '' };
    });
  },
});

/** Checks the flags for this kind. Throws CommandError. */
function checkChoice(kind: ClusterKind, { phases = [], of, isForMe }: Choice): void {
  const mistakes = phases
    .filter((phase) => !PHASES[kind].includes(phase))
    .map((phase) => `--phase is ${quoteName(phase)}; ${guess(phase, PHASES[kind])}`);
  if (kind === 'Orchestration' && of !== undefined) mistakes.push('--of chooses runs: leave it out for orchestrations');
  if (kind === 'Orchestration' && isForMe)
    mistakes.push('--waiting-for-me chooses runs: leave it out for orchestrations');
  if (mistakes.length > 0) throw new CommandError(...mistakes);
}

interface Found {
  readonly row: ListRow;
  /** Only if the output shows the object itself, because rows are small. */
  readonly object?: KubeObject;
}

/** Finds what is wanted, the newest first. Keeps no more of a page than is written. */
async function findAll(cluster: Cluster, kind: ClusterKind, choice: Choice, nowMs: number): Promise<readonly Found[]> {
  const found: Found[] = [];
  const findMine = choice.isForMe ? await createFindMine(cluster) : undefined;
  try {
    for await (const page of cluster.pages(kind, choice)) {
      for (const object of page) {
        const row = readRow(kind, object);
        const isChosen = isWanted(row, choice, nowMs) && (await findMine?.(object))?.length !== 0;
        if (isChosen) found.push({ row, ...keepFor(choice.output, object) });
      }
    }
  } catch (error) {
    if (isApiFailure(error) && error.reason === KubeErrorReason.NotFound)
      throw new CommandError(describeUnknownKind(kind));
    throw error;
  }
  return found.sort((one, other) => compareRows(one.row, other.row));
}

function keepFor(output: Choice['output'], object: KubeObject): Pick<Found, 'object'> {
  if (output === 'text' || output === 'wide') return {};
  if (output !== 'name') return { object: withoutManagedFields(object) };
  const { apiVersion, kind, metadata } = object;
  return { object: { apiVersion, kind, metadata: { name: metadata.name } } };
}

/** Whether a row matches the flags that the API server does not know. */
function isWanted(row: ListRow, { phases, of, sinceMs }: Choice, nowMs: number): boolean {
  if (phases !== undefined && !phases.includes(row.phase)) return false;
  if (of !== undefined && row.orchestration !== of) return false;
  return sinceMs === undefined || nowMs - row.createdMs <= sinceMs;
}

/** Says that there is nothing, and what was probably meant. */
async function describeNothing(cluster: Cluster, kind: ClusterKind, { of, ...choice }: Choice): Promise<string> {
  const { isEverywhere, phases, sinceMs, labelSelector, isForMe, namespace = cluster.namespace } = choice;
  const place = isEverywhere === true ? 'all namespaces' : `namespace ${quoteName(namespace)}`;
  const isChosen = [of, phases, sinceMs, labelSelector, isForMe].some((flag) => flag !== undefined);
  const sentence = `no ${kind} in ${place}${isChosen ? ' is chosen by these flags' : ''}`;
  if (of === undefined) return sentence;
  const names = new Set<string>();
  for await (const page of cluster.pages('Orchestration', choice))
    for (const { metadata } of page) names.add(metadata.name);
  const meant = names.has(of) ? undefined : suggestName(of, names);
  return meant === undefined ? sentence : `${sentence}; did you mean --of ${displayText(meant)}?`;
}

/** `runs` or `orchestrations`, and what kubectl calls them. */
function kindOperand(): OperandKind<ClusterKind> {
  const offered = ['runs', 'orchestrations'];
  return {
    placeholder: `[${offered.join('|')}]`,
    completion: offered,
    read: ({ words: [word = 'runs', ...others] }, _, mistakes) => {
      const kind = kindOf(word);
      if (kind === undefined) mistakes.push(`${quoteName(word)} cannot be listed; ${guess(word, offered)}`);
      mistakes.push(...others.map(describeUnexpected));
      return kind;
    },
  };
}
