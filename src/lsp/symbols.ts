import { isSeq } from 'yaml';
import { rangeOf, valueAt } from '../cli/files/nodes.ts';
import { asRecord, nameOf } from '../orchestration/decode.ts';
import type { EditedObject, Reading } from './reading.ts';
import { type Part, partOf, shift } from './spot.ts';

/** An object or a step, as an outline shows it. `selection` is inside the part. */
export interface OutlineEntry extends Part {
  readonly name: string;
  readonly detail: string;
  readonly selection: Part;
  readonly children: readonly OutlineEntry[];
}

/** The objects of a text, with the steps of each. Linear. */
export function outline({ objects }: Reading): readonly OutlineEntry[] {
  return objects.map((object) => {
    const { tree, within, kind, value } = object;
    const whole = shift(rangeOf(valueAt(tree.root, within)), tree);
    const entry = { name: nameOf(value).name || 'without a name', detail: kind, children: outlineSteps(object) };
    return { ...entry, ...whole, selection: inside(partOf(object, ['metadata', 'name']), whole) };
  });
}

function outlineSteps(object: EditedObject): OutlineEntry[] {
  const { tree, within, value } = object;
  const list = valueAt(tree.root, [...within, 'spec', 'steps']);
  const steps = asRecord(asRecord(value)['spec'])['steps'];
  if (!isSeq(list) || !Array.isArray(steps)) return [];
  return steps.map((step: unknown, index) => {
    const { name, kind } = asRecord(step);
    const whole = shift(rangeOf(list.items[index]), tree);
    const words = { name: textOf(name) || 'without a name', detail: textOf(kind) };
    return {
      ...words,
      ...whole,
      selection: inside(partOf(object, ['spec', 'steps', index, 'name']), whole),
      children: [],
    };
  });
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function inside({ start, end }: Part, whole: Part): Part {
  return start >= whole.start && end <= whole.end ? { start, end } : whole;
}
