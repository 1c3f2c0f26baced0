import { KubeErrorReason } from '../../orchestration/vocabulary/kube-error-reasons.ts';
import type { Ports } from '../command.ts';
import type { Cluster } from './port.ts';
import { showChanges, showLive } from './progress.ts';
import { hasEnded, type Run, readRun } from './run.ts';

/** Why the wait for a run has ended. */
export type Ending =
  | { readonly type: 'Ended'; readonly run: Run }
  /** The run was deleted before its end was seen. */
  | { readonly type: 'Deleted' }
  | { readonly type: 'TimedOut'; readonly run: Run }
  /** The user may read the run but not follow it. */
  | { readonly type: 'Forbidden' };

/**
 * Shows a run until it ends, is deleted, or the time is up. The API server may be unavailable in between for any length
 * of time. Everything that happened meanwhile is then shown at once.
 */
export async function waitForRun(
  cluster: Cluster,
  first: Run,
  { screen, clock }: Pick<Ports, 'screen' | 'clock'>,
  timeoutMs: number | undefined,
): Promise<Ending> {
  const progress = screen.isInteractive ? showLive(screen) : showChanges(screen);
  const { promise: ended, resolve } = Promise.withResolvers<Ending>();
  let run = first;
  let trouble: string | undefined;
  let isOver = false;
  let cancelTick = () => {};

  const show = () => progress.show(run, clock.now(), trouble);
  const end = (ending: Ending) => {
    if (isOver) return;
    isOver = true;
    cancelTick();
    resolve(ending);
  };
  const take = (next: Run) => {
    if (isOver || next.uid !== first.uid) return;
    run = next;
    show();
    if (hasEnded(run)) end({ type: 'Ended', run });
  };
  const tick = () => {
    show();
    schedule();
  };
  const schedule = () => {
    if (progress.refreshMs !== undefined && !isOver) cancelTick = clock.schedule(progress.refreshMs, tick);
  };
  const say = (what: string | undefined) => {
    if (isOver || what === trouble) return;
    trouble = what;
    show();
  };

  take(first);
  if (isOver) return ended;
  const cancelTimeout =
    timeoutMs === undefined ? () => {} : clock.schedule(timeoutMs, () => end({ type: 'TimedOut', run }));
  schedule();
  const stop = cluster.follow(first.name, {
    onChange: (object) => {
      const next = readRun(object);
      if (next.uid === first.uid) take(next);
      else end({ type: 'Deleted' });
    },
    onDeleted: (last) => {
      if (last !== undefined) take(readRun(last));
      end({ type: 'Deleted' });
    },
    onTrouble: (reason) => {
      if (reason === KubeErrorReason.Forbidden) end({ type: 'Forbidden' });
      else say(`cannot follow the API server (${reason}), trying again`);
    },
    onContact: () => say(undefined),
  });
  try {
    return await ended;
  } finally {
    cancelTimeout();
    await stop();
  }
}
