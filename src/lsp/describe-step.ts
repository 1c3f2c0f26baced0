import { planFailure } from '../cli/planning.ts';
import { displayName } from '../dag/display.ts';
import { buildGraph, dependentsOf } from '../dag/graph.ts';
import { findLevels } from '../dag/levels.ts';
import { findWaiting } from '../dag/paths.ts';
import type { Orchestration } from '../orchestration/decode.ts';
import { stepKinds } from '../orchestration/kinds/table.ts';
import { describeCondition } from '../orchestration/run-if.ts';

/** How many names a line may hold. */
const MOST_NAMES = 12;

/**
 * Describes a step as Markdown: its kind, its wave, what it waits for, and what its failure leads to. Works for broken
 * graphs too. Linear.
 */
export function describeStep(orchestration: Orchestration, index: number): string {
  const { steps } = orchestration;
  const step = steps[index];
  if (step === undefined) return '';
  const graph = buildGraph(steps);
  const nameAll = (indexes: readonly number[]) => list(indexes.map((at) => steps[at]?.name ?? ''));
  const ancestors = findWaiting(graph.dependencies, index);
  const kind = stepKinds.get(step.kind);
  const condition = describeCondition(step);
  const lines = [
    describeWave(findLevels(graph), index),
    ancestors.length === 0
      ? 'Starts first: it has no ancestors'
      : `Starts after ${nameAll(graph.dependencies[index] ?? [])}${graph.isSequential ? ' (sequential default)' : ''}`,
    ...(ancestors.length === 0 ? [] : [`Ancestors (${ancestors.length}): ${nameAll(ancestors)}`]),
    ...(condition === '' ? [] : [`Runs on a condition: ${code(condition)}`]),
    describeFailure(planFailure(steps, dependentsOf(graph), index)),
  ];
  const title = `**${plain(step.name)}** ${plain(step.kind)}${kind === undefined ? '' : `: ${kind.does}`}`;
  return `${title}\n\n${lines.map((line) => `- ${line}\n`).join('')}`;
}

function describeWave({ levels, stuck }: ReturnType<typeof findLevels>, index: number): string {
  if (stuck.includes(index)) return 'Can never start: it is on a dependency cycle, or waits for one';
  const wave = levels.findIndex((level) => level.includes(index));
  return `Wave ${wave + 1} of ${levels.length}`;
}

function describeFailure({ isTolerated, skips, starts }: ReturnType<typeof planFailure>): string {
  if (isTolerated) return 'If it fails, its dependents go on (`continueOnFailure`)';
  const effects = [
    ...(skips.length === 0 ? [] : [`skips ${skips.length}: ${list(skips)}`]),
    ...(starts.length === 0 ? [] : [`starts ${list(starts)}`]),
  ];
  return effects.length === 0 ? 'If it fails, that skips no other step' : `If it fails, that ${effects.join(', and ')}`;
}

function list(names: readonly string[]): string {
  const shown = names.slice(0, MOST_NAMES).map((name) => code(displayName(name)));
  const left = names.length - shown.length;
  return `${shown.join(', ')}${left > 0 ? ` and ${left} more` : ''}`;
}

/** Writes a text as code. Names and expressions are untrusted, so no Markdown in them takes effect. */
export function code(text: string): string {
  return `\`${text.replaceAll('`', "'").replace(/\s+/g, ' ')}\``;
}

/** A text in which no character is Markdown. */
function plain(text: string): string {
  return displayName(text).replace(/[\\`*_{}[\]()#+.!|<>&~-]/g, '\\$&');
}
