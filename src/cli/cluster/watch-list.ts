import { keyOf } from '../../objects/object.ts';
import { KubeErrorReason } from '../../orchestration/vocabulary/kube-error-reasons.ts';
import type { Ports } from '../command.ts';
import { CommandError } from './failure.ts';
import { type ListRow, readRow } from './list-rows.ts';
import type { Cluster, ClusterKind, Where } from './port.ts';

export interface ListWatch {
  readonly cluster: Cluster;
  readonly kind: ClusterKind;
  readonly where: Where;
  /** The rows that are shown already. */
  readonly rows: readonly ListRow[];
  readonly show: (rows: readonly ListRow[]) => string;
  readonly keeps: (row: ListRow) => boolean;
  readonly screen: Ports['screen'];
}

/**
 * Shows each row that is new or has changed, until nobody reads any more. If a shown row no longer belongs to the list,
 * shows it one last time. Throws CommandError if the user may not watch.
 */
export async function watchList({ cluster, kind, where, rows, show, keeps, screen }: ListWatch): Promise<void> {
  const shown = new Map(rows.map((row) => [keyOf(row), JSON.stringify(row)]));
  const { promise: left, resolve: leave, reject: fail } = Promise.withResolvers<void>();
  let trouble: string | undefined;

  const write = (row: ListRow) => {
    screen.write(show([row]));
    void screen.drained().then((isRead) => isRead || leave());
  };
  const stop = cluster.followAll(kind, where, {
    onChange: (object) => {
      const row = readRow(kind, object);
      const [key, text] = [keyOf(row), JSON.stringify(row)];
      const before = shown.get(key);
      if (keeps(row)) shown.set(key, text);
      else shown.delete(key);
      if (before !== text && (before !== undefined || keeps(row))) write(row);
    },
    onDeleted: (last) => {
      if (last !== undefined && shown.delete(keyOf(last.metadata))) write({ ...readRow(kind, last), phase: 'Deleted' });
    },
    onTrouble: (reason) => {
      if (reason === KubeErrorReason.Forbidden)
        fail(new CommandError(`you may list ${kind}s and not follow them: ask for the verb watch`));
      else if (reason !== trouble) screen.warn(`list: cannot follow the API server (${reason}), trying again\n`);
      trouble = reason;
    },
    onContact: () => {
      trouble = undefined;
    },
  });
  try {
    await left;
  } finally {
    await stop();
  }
}
