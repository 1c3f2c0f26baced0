import { KubeErrorReason } from '../../orchestration/vocabulary/kube-error-reasons.ts';
import type { Ports } from '../command.ts';
import { isApiFailure } from './port.ts';

/** How long to wait before the next look at the cluster. */
const LOOK_MS = 1_000;

/**
 * Looks again and again, until the caller stops. While the API server is unavailable, yields the last result again and
 * reports that to `note`. Throws any other error of a look, and every error of the first look.
 */
export async function* keepLooking<Found>(
  look: () => Promise<Found>,
  clock: Ports['clock'],
  note: (sentence: string) => void,
): AsyncGenerator<Found, never> {
  for (let found = await look(); ; found = await lookAgain(look, note, found)) {
    yield found;
    await new Promise<void>((resolve) => void clock.schedule(LOOK_MS, resolve));
  }
}

async function lookAgain<Found>(
  look: () => Promise<Found>,
  note: (sentence: string) => void,
  before: Found,
): Promise<Found> {
  try {
    return await look();
  } catch (error) {
    if (!isApiFailure(error) || error.reason !== KubeErrorReason.Unavailable) throw error;
    note(`cannot ask the API server (${error.reason}), trying again`);
    return before;
  }
}

/** Creates a function that writes each sentence once, to standard error. */
export function createNotes(verb: string, screen: Pick<Ports['screen'], 'warn'>): (sentence: string) => void {
  const noted = new Set<string>();
  return (sentence) => {
    if (!noted.has(sentence)) screen.warn(`${verb}: ${sentence}\n`);
    noted.add(sentence);
  };
}
