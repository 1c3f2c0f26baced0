import { findCycles } from '../../dag/cycles.ts';
import { displayLoop } from '../../dag/display.ts';
import { buildGraph } from '../../dag/graph.ts';
import type { Orchestration } from '../../orchestration/decode.ts';
import type { FoundProblem } from '../../orchestration/problem.ts';
import { subOrchestrations } from '../../orchestration/rules.ts';

/**
 * Finds Orchestrations of one namespace that run each other in a loop, P → Q → P. The names are the steps of a graph.
 * Reports one loop for each group for which DependencyCycle would report one, at the reference of the last member to
 * the first. An Orchestration that runs itself is reported by its own rule, not here. If several Orchestrations have
 * one name, all their references count. Cost: linear in steps.
 */
export function findRecursion(orchestrations: readonly Orchestration[]): ReadonlyMap<Orchestration, FoundProblem> {
  const namespaces = Map.groupBy(orchestrations, ({ namespace }) => namespace);
  return new Map([...namespaces.values()].flatMap(findLoops));
}

/** Finds the loops of one namespace. No Orchestration closes two loops, because a name is in one group only. */
function findLoops(neighbours: readonly Orchestration[]): [Orchestration, FoundProblem][] {
  const byName = [...Map.groupBy(neighbours, ({ name }) => name)].map(([name, all]) => {
    const references = all.flatMap((owner) => subOrchestrations(owner).map((reference) => ({ owner, ...reference })));
    return { name, references, dependsOn: references.map((reference) => reference.name) };
  });
  return findCycles(buildGraph(byName)).flatMap((cycle) => {
    const members = cycle.flatMap((index) => byName[index] ?? []);
    const loop = members.map(({ name }) => name);
    const closing = members.at(-1)?.references.find(({ name }) => name === loop[0]);
    if (closing === undefined) return [];
    const describe = () => `${displayLoop(loop)} run each other without end: remove one of these references`;
    return [[closing.owner, { code: 'SubOrchestrationCycle', path: closing.path, describe, loop }] as const];
  });
}
