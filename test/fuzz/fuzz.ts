import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { defaultSettings } from '../../src/orchestration/settings.ts';
import { issueIdentity, listenGate } from '../support/https.ts';
import { checkAnswer, type Outcome } from './check.ts';
import { createRandom } from './random.ts';
import { type FuzzInput, generateInput } from './reviews.ts';

/** One review in so many goes through TLS and a socket; the others are injected behind them, which is twice as fast. */
const SOCKET_SHARE = 64;
const MEBIBYTE = 1024 * 1024;
/** What may be added to resident memory by the second half of the reviews. */
export const MOST_GROWTH_MEBIBYTES = 150;

export interface FuzzOptions {
  readonly seed: number;
  readonly reviews: number;
  /** Index of the first review: one of its own with `reviews: 1` repeats a failure. */
  readonly first?: number;
}

export interface FuzzReport {
  /** How many got each kind of answer. If one is rare, the generator has gone astray. */
  readonly counts: Readonly<Record<Outcome, number>>;
  /** Resident memory after half of the reviews, and after all; garbage collected. */
  readonly halfwayMebibytes: number;
  readonly endMebibytes: number;
}

/**
 * Sends generated reviews to a gate and compares each answer with what it must be. The same seed gives the same reviews.
 * Throws at the first wrong answer, or at a fault behind a right one, with all that is needed to repeat it.
 */
export async function fuzz({ seed, reviews, first = 0 }: FuzzOptions): Promise<FuzzReport> {
  const counts: Record<Outcome, number> = { allow: 0, deny: 0, patch: 0, reject: 0 };
  let mode: FuzzInput['mode'] = 'enforce';
  let fault: unknown;
  const gate = await listenGate(await issueIdentity(), {
    settings: () => ({ ...defaultSettings, mode }),
    onFinish: ({ answer: { verdict, fault: thrown } }) => {
      fault ??= thrown ?? (verdict === 'deadline' || verdict === 'overloaded' ? verdict : undefined);
    },
  });
  let halfwayMebibytes = 0;
  try {
    for (let index = first; index < first + reviews; index++) {
      if (index - first === Math.floor(reviews / 2)) halfwayMebibytes = residentMebibytes();
      const input = generateInput(createRandom(seed, index));
      mode = input.mode;
      try {
        counts[await checkAnswer(input, index % SOCKET_SHARE === 0 ? gate.send : gate.post)]++;
        if (fault !== undefined) throw new Error('a fault behind a right answer', { cause: fault });
      } catch (error) {
        throw new Error(describeFailure(seed, index, input), { cause: error });
      }
    }
    return { counts, halfwayMebibytes, endMebibytes: residentMebibytes() };
  } finally {
    await gate.close();
  }
}

function describeFailure(seed: number, index: number, { webhook, mode, body }: FuzzInput): string {
  const bytes = typeof body === 'string' ? '' : `\nbody in base64: ${body.toString('base64')}`;
  return `wrong answer of /${webhook} in mode ${mode}: --seed ${seed} --first ${index} --reviews 1\nbody: ${body}${bytes}`;
}

function residentMebibytes(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  return Math.round(process.memoryUsage.rss() / MEBIBYTE);
}

/** `node test/fuzz/fuzz.ts [--reviews N] [--seed S] [--first INDEX]`: ends with 1 at the first wrong answer. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      reviews: { type: 'string', default: '1000000' },
      seed: { type: 'string', default: `${Date.now() % 2 ** 31}` },
      first: { type: 'string', default: '0' },
    },
  });
  const options = { reviews: Number(values.reviews), seed: Number(values.seed), first: Number(values.first) };
  console.log(`fuzz: ${options.reviews} reviews, --seed ${options.seed}`);
  const startedAt = performance.now();
  const { counts, halfwayMebibytes, endMebibytes } = await fuzz(options);
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  console.log(`${JSON.stringify(counts)} in ${seconds} s; resident memory ${halfwayMebibytes} → ${endMebibytes} MiB`);
  if (endMebibytes > halfwayMebibytes + MOST_GROWTH_MEBIBYTES) throw new Error('memory is not flat');
}

if (import.meta.main) await main();
