import { isScalar } from 'yaml';
import { keyAt, rangeOf } from '../cli/files/nodes.ts';
import { displayCount } from '../dag/display.ts';
import { readDeclared } from '../orchestration/declared-parameters.ts';
import { nameOf } from '../orchestration/decode.ts';
import { stepKinds } from '../orchestration/kinds/table.ts';
import { code, describeStep } from './describe-step.ts';
import { schemaAt } from './field-schemas.ts';
import { orchestrationOf, type Reading } from './reading.ts';
import { type Part, type SpotOfObject, shift } from './spot.ts';
import { findTarget, type Target } from './target.ts';

/** Markdown about what is at a spot, and the part of the text that it is about. */
export interface Description extends Part {
  readonly markdown: string;
}

/** Describes a step, a parameter or a field. Undefined if nothing is known of what is at the spot. */
export function describeSpot(reading: Reading, spot: SpotOfObject, offset: number): Description | undefined {
  const target = spot.type === 'Value' ? findTarget(reading, spot, offset) : undefined;
  const markdown = target === undefined ? describeField(spot) : describeTarget(target);
  if (markdown === undefined || markdown === '') return undefined;
  const { tree, within } = spot.object;
  const node = spot.type === 'Key' ? keyAt(tree.root, [...within, ...spot.path]) : spot.node;
  return isScalar(node) ? { markdown, ...shift(rangeOf(node), tree) } : undefined;
}

function describeTarget(target: Target): string {
  if (target.type === 'Step') return describeStep(target.orchestration, target.index);
  if (target.type === 'Object') {
    const steps = orchestrationOf(target.object)?.steps.length ?? 0;
    return `Orchestration ${code(nameOf(target.object.value).name)}, ${displayCount(steps, 'step')}`;
  }
  const declared = readDeclared(target.orchestration).get(target.name);
  if (declared === undefined) return `Parameter ${code(target.name)}, which policies.parameters does not declare`;
  const facts = [
    ...(declared.required ? ['required'] : []),
    ...(declared.default === undefined ? [] : [`default ${code(declared.default)}`]),
    ...(declared.enum === undefined ? [] : [`one of ${declared.enum.slice(0, 20).map(code).join(', ')}`]),
    ...(declared.pattern === undefined ? [] : [`matches ${code(declared.pattern)}`]),
    ...(declared.description === undefined ? [] : [code(declared.description)]),
  ];
  return `Parameter ${code(target.name)}${facts.length === 0 ? '' : `: ${facts.join('; ')}`}`;
}

function describeField({ object: { kind }, path, type, node }: SpotOfObject): string | undefined {
  const isStepKind = path.length === 4 && path[1] === 'steps' && path[3] === 'kind';
  if (type === 'Value' && isStepKind && isScalar(node)) {
    const found = stepKinds.get(String(node.value));
    return found && `${/^[AEIOU]/.test(found.name) ? 'An' : 'A'} ${found.name} step ${found.does}.`;
  }
  return type === 'Key' ? schemaAt(kind, path)?.description : undefined;
}
