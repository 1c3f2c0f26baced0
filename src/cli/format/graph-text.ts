import type { Drawing, DrawnEdge, DrawnStep } from '../../drawing/drawing.ts';

/** Row by row, each step with what it waits for; the dash keeps a name from being read as a command of a CI system. */
export function formatGraphText(drawings: readonly Drawing[]): string {
  return drawings.map(describe).join('\n');
}

function describe({ title, isSequential, rows, edges }: Drawing): string {
  const waitsOf = Map.groupBy(edges, ({ to }) => to);
  const waitersFor = Map.groupBy(edges, ({ from }) => from);
  const describeStep = (step: DrawnStep) =>
    step.state === 'missing'
      ? `- ${step.label}, wanted by ${(waitersFor.get(step) ?? []).map(({ to }) => to.label).join(', ')}\n`
      : `- ${step.label} (${step.kind || 'no kind'})${describeWaits(waitsOf.get(step) ?? [])}\n`;
  const note = isSequential ? ' (sequential: no step declares dependsOn, so each waits for the one before it)' : '';
  const sections = rows.map(({ heading, steps }) => `${heading}\n${steps.map(describeStep).join('')}`);
  return `${title}${note}\n${sections.join('')}`;
}

function describeWaits(waits: readonly DrawnEdge[]): string {
  if (waits.length === 0) return '';
  const names = waits.map(({ from, isOnLoop }) => {
    const note = isOnLoop ? ' (loop)' : from.state === 'missing' ? ' (missing)' : '';
    return `${from.label}${note}`;
  });
  return ` after ${names.join(', ')}`;
}
