import { timeDecision } from '../decide.ts';
import { type BenchGraph, chain, closedChains, layers, randomLayers } from '../graphs.ts';
import { type Effort, median } from '../turns.ts';
import type { GoPeer } from './go.ts';

/** The milliseconds to decide one graph, for each side. */
export interface Point {
  readonly shape: string;
  readonly graph: string;
  readonly steps: number;
  readonly ms: Readonly<Record<string, number>>;
}

/** From a quarter of the default limit to four times the limit. */
const SIZES = [250, 500, 1000, 2000, 4000];
/** A peer that takes this long for a graph is not asked about it again, nor about larger graphs of its shape. */
const SLOW_MS = 1000;

const shapes: Readonly<Record<string, (steps: number) => BenchGraph>> = {
  chain,
  'linked layers of 10': (steps) => layers(steps / 10, 10),
  'random layers, 10 edges a step': (steps) => randomLayers(steps, 10 * steps),
};

/** Measures all sides in turn, for all shapes and sizes, and for the largest graph of Tekton's own tests. */
export function measureGrowth(
  peers: Readonly<Record<string, GoPeer | undefined>>,
  { rounds, milliseconds }: Effort,
): Point[] {
  const graphs = Object.entries(shapes).flatMap(([shape, make]) =>
    SIZES.map((steps) => ({ shape, graph: make(steps) })),
  );
  const present = Object.entries(peers).flatMap(([name, peer]) => (peer === undefined ? [] : [[name, peer] as const]));
  const slow = new Set<string>();
  const points: Point[] = [];
  for (const { shape, graph } of [...graphs, { shape: 'closed chains', graph: closedChains(5, 101) }]) {
    const asked = present.filter(([name]) => !slow.has(`${name} ${shape}`));
    const sides = [
      { name: 'ours', time: () => timeDecision(graph, '', milliseconds), times: [] as number[] },
      ...asked.map(([name, peer]) => ({ name, time: () => timeSound(name, peer, graph, milliseconds), times: [] })),
    ];
    // In the first round, code is not compiled yet. A slow side has only this round.
    for (let round = 0; round <= rounds; round++) {
      for (const { time, times } of sides) if (times.every((ms) => ms < SLOW_MS)) times.push(time());
    }
    for (const { name, times } of sides) if (times.some((ms) => ms >= SLOW_MS)) slow.add(`${name} ${shape}`);
    const ms = Object.fromEntries(
      sides.map(({ name, times }) => [name, median(times.length > 1 ? times.slice(1) : times)]),
    );
    points.push({ shape, graph: graph.name, steps: graph.steps.length, ms });
    console.log(graph.name, ms);
  }
  return points;
}

function timeSound(name: string, peer: GoPeer, graph: BenchGraph, milliseconds: number): number {
  const { medianMs, problem } = peer.time(graph.steps, milliseconds);
  if (problem !== '') throw new Error(`${name} refuses ${graph.name}: ${problem}`);
  return medianMs;
}
