import type { BoxView, Picture, StepView } from '../protocol.ts';

/**
 * Returns a value that another step reads from this one, by its name in `EdgeView.reads`. Undefined if not known yet.
 */
export function readValue(step: StepView | undefined, name: string): string | undefined {
  if (step?.finishedAt === undefined) return undefined;
  if (name === 'phase') return step.phase;
  if (name === 'reason') return step.reason;
  if (name === 'attempt') return `${step.attempt}`;
  return step.outputs?.find((output) => `outputs.${output.name}` === name)?.value;
}

/** Describes the kind of a step and, if it is known, what steps of that kind do: `AgentRun: runs an Agent`. */
export function describeKind({ kinds }: Pick<Picture, 'kinds'>, { kind }: Pick<BoxView, 'kind'>): string {
  return Object.hasOwn(kinds, kind) ? `${kind}: ${kinds[kind]}` : kind;
}

/**
 * Returns the indexes of the boxes whose name or kind contains all words of `text`, in declaration order. An empty text
 * finds none.
 */
export function findBoxes({ boxes }: Picture, text: string): number[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [];
  return [...boxes.keys()].filter((index) => {
    const box = boxes[index];
    const searched = `${box?.name} ${box?.kind}`.toLowerCase();
    return words.every((word) => searched.includes(word));
  });
}
