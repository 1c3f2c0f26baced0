import { checkpoint, orchestration, review } from '../support/reviews.ts';

const MEBIBYTE = 1024 * 1024;

/** As many of `unit` as make up `bytes`, separated by commas. */
function fill(bytes: number, unit: (index: number) => string): string {
  const units: string[] = [];
  for (let length = 0; length < bytes; length += (units.at(-1)?.length ?? 0) + 1) units.push(unit(units.length));
  return units.join(',');
}

function withSpec(spec: string): string {
  return JSON.stringify(review(orchestration([]))).replace('"spec":{"steps":[]}', `"spec":${spec}`);
}

const names = (count: number) => Array.from({ length: count }, (_, i) => `step-${i}`);

/** Bodies that make a gate work hardest for their size. */
export const bodies = {
  '5 MiB of {}': `[${fill(5 * MEBIBYTE - 10, () => '{}')}]`,
  '3 MiB of empty steps': withSpec(`{"steps":[${fill(3 * MEBIBYTE, () => '{}')}]}`),
  '375 KiB of empty steps': withSpec(`{"steps":[${fill(330 * 1024, () => '{}')}]}`),
  '1,000 steps with 256 misspelt dependencies': JSON.stringify(
    review(orchestration(names(1000).map((name) => checkpoint(name, ...names(256).map((other) => `${other}x`))))),
  ),
  '250 KiB of [': withSpec(`{"policies":{"a":${'['.repeat(125_000)}${']'.repeat(125_000)}}}`),
  '3 MiB of different keys': withSpec(`{"policies":{${fill(2.8 * MEBIBYTE, (i) => `"${i.toString(36)}":0`)}}}`),
  '4 MiB of short texts': withSpec(`{"policies":{"a":[${fill(4 * MEBIBYTE, (i) => `"${i.toString(36)}"`)}]}}`),
  patched: JSON.stringify(review(orchestration(names(500).map((name) => checkpoint(name.padEnd(4000, 'x')))))),
};
