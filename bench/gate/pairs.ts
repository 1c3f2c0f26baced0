import { createRandom } from '../../test/fuzz/random.ts';
import { estimateMedian } from '../bootstrap.ts';
import { chain } from '../graphs.ts';
import type { Row } from '../table.ts';
import { percentile } from '../turns.ts';
import type { toManifest } from './reviews.ts';

/** Creates and deletes Orchestrations. Each call resolves to the HTTP status of the answer. */
export interface Client {
  readonly create: (namespace: string, name: string, graph?: Parameters<typeof toManifest>[0]) => Promise<number>;
  readonly remove: (namespace: string, name: string) => Promise<number>;
}

/** The namespace with the gate in front, and that with bare Fastify in front. */
export interface Namespaces {
  readonly gated: string;
  readonly bare: string;
}

interface Pair {
  readonly gated: number;
  readonly bare: number;
}

const SIZES = [20, 200, 1_000];
/** The number of pairs of each size that are not counted. */
const WARM_UP = 20;

/** Compares, for each size of graph, a create with the gate to a create with bare Fastify right before or after it. */
export async function measurePairs(client: Client, namespaces: Namespaces, count: number): Promise<Row[]> {
  const rows: Row[] = [];
  for (const steps of SIZES) {
    await createPairs(client, namespaces, steps, WARM_UP);
    const pairs = await createPairs(client, namespaces, steps, count);
    const [ours, others] = [pairs.map(({ gated }) => gated), pairs.map(({ bare }) => bare)];
    const rowOf = (name: string, share: number): Omit<Row, 'budget'> => ({
      ...{ what: `gate: paired creates of ${steps.toLocaleString('en-US')} steps, ${name}`, unit: 'ms' },
      ...{ ours: percentile(ours, share), against: 'bare Fastify as webhook', other: percentile(others, share) },
    });
    const { median: ratio, ...interval } = estimateMedian(
      pairs.map(({ gated, bare }) => gated / bare),
      createRandom(1, steps),
    );
    rows.push({ ...rowOf('median', 0.5), ratio, interval, budget: { maxLowRatio: 1.05 } });
    rows.push({ ...rowOf('p99', 0.99), budget: {} });
  }
  return rows;
}

/** Returns the milliseconds of each create. Each pair is deleted afterwards, so that the API server does not grow. */
async function createPairs(client: Client, namespaces: Namespaces, steps: number, count: number): Promise<Pair[]> {
  const graph = chain(steps);
  const order: (keyof Namespaces)[] = ['gated', 'bare'];
  const pairs: Pair[] = [];
  for (let index = 0; index < count; index++) {
    const name = `pair-${steps}-${index}`;
    const pair = { gated: Number.NaN, bare: Number.NaN };
    for (const side of order) {
      const start = performance.now();
      const status = await client.create(namespaces[side], name, graph);
      pair[side] = performance.now() - start;
      if (status !== 201) throw new Error(`a create of ${steps} steps was answered with status ${status}`);
    }
    for (const side of order) await client.remove(namespaces[side], name);
    pairs.push(pair);
    order.reverse();
  }
  return pairs;
}
