import { setTimeout as delay } from 'node:timers/promises';
import type { KubeObject } from '../../src/objects/object.ts';
import { bucketLabel, bucketOf } from '../../src/orchestration/buckets.ts';
import { type Spread, spreadOf } from '../engines/findings.ts';
import type { Child, Scene, StandIn } from '../engines/stand-in.ts';

const PATIENCE_MS = 120_000;

/** What followed when children ended one after another. */
export interface Reactions {
  /** From the end of a child to the next child of its run, in milliseconds. */
  readonly reaction: Spread | undefined;
  readonly longestMs: number;
  /** Runs that made no next child within two minutes. */
  readonly stuck: number;
}

/** Returns a run as the gate admits it: with the label of its bucket. */
export function stamp(run: KubeObject): KubeObject {
  return { ...run, metadata: { ...run.metadata, labels: bucketLabel(bucketOf(run)) } };
}

/** Returns the newest child of each run, if it has not ended, the oldest first. These children can be ended next. */
export function listRunning({ children }: Scene): Child[] {
  const newest = new Map<string, Child>();
  for (const child of children.values()) {
    newest.delete(child.run);
    newest.set(child.run, child);
  }
  return [...newest.values()].filter(({ endedMs }) => endedMs === undefined);
}

/** Ends this many children of different runs each second, and waits for the next children of these runs. */
export async function endChildren(
  standIn: StandIn,
  scene: Scene,
  { perSecond, seconds }: { readonly perSecond: number; readonly seconds: number },
): Promise<Reactions> {
  const ended = listRunning(scene).slice(0, perSecond * seconds);
  const startedMs = performance.now();
  await Promise.all(
    ended.map(async (child, index) => {
      await delay(Math.max(0, startedMs + (index * 1000) / perSecond - performance.now()));
      await standIn.end(child);
    }),
  );
  const deadline = performance.now() + PATIENCE_MS;
  let reactions = reactionsTo(ended, scene);
  while (reactions.length < ended.length && performance.now() < deadline) {
    await delay(500);
    reactions = reactionsTo(ended, scene);
  }
  const longestMs = Math.max(0, ...reactions);
  return { reaction: spreadOf(reactions), longestMs, stuck: ended.length - reactions.length };
}

/** Returns the reactions to those ended children whose run has made another child since. Their graph is a chain. */
export function reactionsTo(ended: readonly Child[], { children }: Scene): number[] {
  const wanted = new Map(ended.map((child) => [child.run, child]));
  const found = new Map<string, number>();
  for (const { run, seenMs } of children.values()) {
    const before = wanted.get(run);
    if (before?.endedMs !== undefined && seenMs > before.seenMs && !found.has(run))
      found.set(run, seenMs - before.endedMs);
  }
  return [...found.values()];
}
