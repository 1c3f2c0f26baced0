import type { Drawing, DrawnEdge, DrawnStep } from '../../drawing/drawing.ts';

/**
 * Writes the graph row by row, each step with what it waits for, what it reads, and when it runs. The dash before a
 * step prevents a CI system from reading its name as a command.
 */
export function formatGraphText(drawings: readonly Drawing[]): string {
  return drawings.map(describe).join('\n');
}

function describe({ title, isSequential, rows, edges }: Drawing): string {
  const edgesTo = Map.groupBy(edges, ({ to }) => to);
  const waitersFor = Map.groupBy(edges, ({ from }) => from);
  const describeStep = (step: DrawnStep) =>
    step.state === 'missing'
      ? `- ${step.label}, wanted by ${(waitersFor.get(step) ?? []).map(({ to }) => to.label).join(', ')}\n`
      : `- ${step.label} (${step.kind || 'no kind'})${describeEdges(edgesTo.get(step) ?? [])}${describeCondition(step)}\n`;
  const note = isSequential ? ' (sequential: no step declares dependsOn, so each waits for the one before it)' : '';
  const sections = rows.map(({ heading, steps }) => `${heading}\n${steps.map(describeStep).join('')}`);
  return `${title}${note}\n${sections.join('')}`;
}

function describeEdges(edges: readonly DrawnEdge[]): string {
  const waits = edges
    .filter(({ isOrder }) => isOrder)
    .map(({ from, isOnLoop }) => {
      const note = isOnLoop ? ' (loop)' : from.state === 'missing' ? ' (missing)' : '';
      return `${from.label}${note}`;
    });
  const reads = edges.flatMap(({ from, reads: read }) => read.map((name) => `${from.label}.${name}`));
  return `${waits.length > 0 ? ` after ${waits.join(', ')}` : ''}${reads.length > 0 ? `; reads ${reads.join(', ')}` : ''}`;
}

function describeCondition({ condition }: DrawnStep): string {
  return condition === '' ? '' : `; ${condition}`;
}
