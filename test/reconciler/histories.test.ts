import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createRandom, type Random } from '../fuzz/random.ts';
import { listChildren, phaseOf } from '../support/model/engine.ts';
import {
  annotate,
  begin,
  collectGarbage,
  end,
  pass,
  type Step,
  type Story,
  statusOf,
  tool,
} from '../support/model/play.ts';

/**
 * One line for each run: a hash of all statuses that were stored for it. The version before data and decisions wrote
 * the file.
 */
const golden = join(import.meta.dirname, 'histories.golden');
const RUNS = 400;

/** Up to eight steps without any field of data and decisions. */
function chooseSteps(random: Random): Step[] {
  const isSilent = random.isIn100(15);
  return Array.from({ length: 1 + random.int(8) }, (_, index): Step => {
    const before = Array.from({ length: index }, (__, at) => `s${at}`).filter(() => random.isIn100(35));
    const flags = {
      ...(random.isIn100(30) && { retries: random.int(3), retryBackoffSeconds: random.pick([0, 10]) }),
      ...(random.isIn100(20) && { continueOnFailure: true }),
      ...(random.isIn100(25) && { timeoutSeconds: 30 }),
    };
    const kind = random.pick<Partial<Step>>([
      {},
      {},
      {},
      { kind: 'Checkpoint' },
      { kind: 'SubOrchestration', orchestrationRef: { name: 'other' } },
      { kind: 'ToolRun', toolRef: { name: '' } },
    ]);
    return tool(`s${index}`, isSilent ? undefined : before, { ...flags, ...kind });
  });
}

/** Makes a random event happen to the run, or none. */
function disturb(story: Story, random: Random): void {
  const running = listChildren(story.world.api)
    .filter((child) => !['Succeeded', 'Failed', 'Cancelled'].includes(String(phaseOf(child))))
    .map(({ metadata }) => metadata.name.split('.')[0] ?? '')
    .filter((step) => statusOf(story, step).phase === 'Running');
  const step = running.length > 0 ? random.pick(running) : undefined;
  const die = random.int(100);
  if (die < 60 && step !== undefined)
    end(story, step, random.pick(['Succeeded', 'Succeeded', 'Failed', 'Cancelled']), `message ${die}`);
  else if (die < 75) pass(story, random.pick([5, 20, 40]));
  else if (die < 85) collectGarbage(story);
  else if (die < 92) annotate(story, 'suspend', random.pick(['true', null]));
  else if (die < 94) annotate(story, 'cancel');
}

function play(index: number): string {
  const random = createRandom(20_261_129, index);
  const policies = {
    ...(random.isIn100(30) && { maxParallel: 1 + random.int(2) }),
    ...(random.isIn100(20) && { retries: { limit: 1 } }),
    ...(random.isIn100(20) && { timeouts: { totalSeconds: 100 } }),
  };
  const story = begin(chooseSteps(random), { policies });
  for (let turn = 0; turn < 40; turn++) disturb(story, random);
  const statuses = story.moments.flatMap((moment) => (moment.type === 'Recorded' ? [moment.after] : []));
  return createHash('sha256').update(JSON.stringify(statuses, asBefore)).digest('hex');
}

/** Previous attempts came later, and only steps that are retried have them. Some messages had other words. */
function asBefore(key: string, value: unknown): unknown {
  if (key === 'previousAttempts') return undefined;
  return key === 'message' && typeof value === 'string' ? inOldWords(value) : value;
}

function inOldWords(message: string): string {
  return message
    .replace(/^a Checkpoint step only marks a place in the graph$/, 'a checkpoint does nothing but mark its place')
    .replace(/^(dependency s\d) was skipped: /, '$1 failed: ')
    .replace(/^the step succeeded$/, 'all 1 steps succeeded');
}

test('a run without a field of data and decisions has the same history as before them, byte for byte', () => {
  const histories = Array.from({ length: RUNS }, (_, index) => play(index));
  expect(new Set(histories).size).toBeGreaterThan(RUNS / 2);
  expect(`${histories.join('\n')}\n`).toBe(readFileSync(golden, 'utf8'));
});
