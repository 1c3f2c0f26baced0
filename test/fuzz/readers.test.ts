import { describe, expect, test } from 'vitest';
import { createRandom } from './random.ts';
import { type Target, targets } from './readers/table.ts';

/** A seed with one of the target's words in it, in place of some bytes. */
function edit({ seeds, words }: Target, seed: number, index: number): Buffer {
  const random = createRandom(seed, index);
  const bytes = Buffer.from(random.pick(seeds));
  const at = random.int(bytes.length + 1);
  return Buffer.concat([bytes.subarray(0, at), Buffer.from(random.pick(words)), bytes.subarray(at + random.int(8))]);
}

describe.each(targets)('the target $name of the fuzzer', (target) => {
  test('holds for what the fuzzer begins with, and for 200 changes of it', async () => {
    const { fuzz } = (await import(`./readers/targets/${target.name}.ts`)) as {
      fuzz: (data: Uint8Array) => void | Promise<void>;
    };
    const seed = Date.now() % 2 ** 31;
    expect(target.seeds.length).toBeGreaterThan(0);
    for (const text of target.seeds) await fuzz(Buffer.from(text));
    for (let index = 0; index < 200; index++) {
      const input = edit(target, seed, index);
      try {
        await fuzz(input);
      } catch (error) {
        throw new Error(`seed ${seed}, index ${index}: ${JSON.stringify(input.toString())}`, { cause: error });
      }
    }
  });
});
