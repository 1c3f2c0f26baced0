import { parseArgs } from 'node:util';
import { createRandom } from '../fuzz/random.ts';
import type { Cost } from './answer.ts';
import { anyRecipe, changeRecipe, type Recipe } from './bodies.ts';
import { worstCases } from './cases.ts';
import { describeCost, measure } from './measure.ts';

/** As in the image: see scripts/release/image.ts. */
const FLAGS = ['--max-semi-space-size=2'];
const SHOWN = 10;

type Found = readonly [Recipe, Cost];

/** What is looked for: 100 ms weigh as much as 8 MiB. */
const goals: Readonly<Record<string, (cost: Cost) => number>> = {
  'to decide': ({ decideMs, peakMebibytes, parsedMebibytes }) => decideMs / 100 + (peakMebibytes - parsedMebibytes) / 8,
  'in all': ({ peakMebibytes, baseMebibytes }) => peakMebibytes - baseMebibytes,
};

/** Climbs from the known cases: half of the other bodies are new, and half change one of the worst so far. */
async function search(seed: number, bodies: number): Promise<ReadonlyMap<string, readonly Found[]>> {
  const worst = new Map<string, readonly Found[]>(Object.keys(goals).map((goal) => [goal, []]));
  for (let index = 0; index < bodies; index++) {
    const random = createRandom(seed, index);
    const known = random.pick([...worst.values()]);
    const other = () => (random.isIn100(50) ? changeRecipe(random, random.pick(known)[0]) : anyRecipe(random));
    const recipe = worstCases[index] ?? other();
    const found = [recipe, await measure(recipe, FLAGS)] as const;
    for (const [goal, weigh] of Object.entries(goals)) {
      const ranked = [...(worst.get(goal) ?? []), found].toSorted(([, one], [, other]) => weigh(other) - weigh(one));
      worst.set(goal, ranked.slice(0, SHOWN));
      if (ranked[0] === found) console.log(`body ${index}, the worst ${goal}: ${describeCost(...found)}`);
    }
  }
  return worst;
}

/** `node test/worst/worst.ts [--bodies N] [--seed S]`: prints the ten worst of each goal. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      bodies: { type: 'string', default: '1000' },
      seed: { type: 'string', default: `${Date.now() % 2 ** 31}` },
    },
  });
  console.log(`worst: ${values.bodies} bodies, --seed ${values.seed}`);
  for (const [goal, found] of await search(Number(values.seed), Number(values.bodies))) {
    console.log(`\nthe worst ${goal}:`);
    for (const [recipe, cost] of found) console.log(`- ${describeCost(recipe, cost)}\n  ${JSON.stringify(recipe)}`);
  }
}

if (import.meta.main) await main();
