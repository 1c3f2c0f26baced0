import { Readable } from 'node:stream';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readLines } from '../../src/kube/client.ts';

test('lines do not depend on the chunks of the stream, and an unfinished line is dropped', async () => {
  const text = fc.stringMatching(/^[aé→💥]{0,5}$/u);
  await fc.assert(
    fc.asyncProperty(
      fc.array(text),
      text,
      fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
      async (lines, rest, sizes) => {
        const bytes = Buffer.from(lines.map((line) => `${line}\n`).join('') + rest);
        const chunks: Buffer[] = [];
        for (let at = 0, n = 0; at < bytes.length; n++) {
          const size = sizes[n % sizes.length] ?? 1;
          chunks.push(bytes.subarray(at, at + size));
          at += size;
        }
        const read: string[] = [];
        for await (const line of readLines(Readable.from(chunks))) read.push(line);
        expect(read).toEqual(lines);
      },
    ),
  );
});
