import { readDeclared, withDefaults } from '../orchestration/declared-parameters.ts';
import type { Orchestration } from '../orchestration/decode.ts';
import type { StepKind } from '../orchestration/kinds/kind.ts';
import { stepKinds } from '../orchestration/kinds/table.ts';
import { API_VERSION, type Step } from '../orchestration/schema.ts';
import { buildChild } from './child-object.ts';
import { nameChild } from './names.ts';
import type { ObservedRun } from './observation.ts';
import { readRun } from './observe.ts';

/** The child that the first attempt of a step would create. */
export interface Preview {
  readonly step: string;
  /** The index of the step in the Orchestration. */
  readonly index: number;
  /** The kind of the child. */
  readonly kind: string;
  /** The child, or a sentence on why there can be none. */
  readonly child: PreviewedChild | string;
}

/** A child without an owner, because there is no run yet. */
interface PreviewedChild {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly [field: string]: unknown;
}

/**
 * Returns the children of a run with these parameters and the declared defaults, in step order. Steps that create no
 * child are left out.
 */
export function previewChildren(
  { name, policies, steps }: Orchestration,
  namespace: string,
  parameters: Readonly<Record<string, string>>,
  kinds = stepKinds,
): readonly Preview[] {
  const spec = { orchestrationRef: { name }, parameters: withDefaults(readDeclared({ policies }), parameters) };
  const metadata = { name, namespace, uid: '' };
  const run = readRun({ apiVersion: API_VERSION, kind: 'OrchestrationRun', metadata, spec }, false);
  return steps.flatMap((step, index) => previewChild(step, kinds.get(step.kind), index, run));
}

function previewChild(declared: Step, stepKind: StepKind | undefined, index: number, run: ObservedRun): Preview[] {
  if (stepKind?.type !== 'Child') return [];
  const { name: step } = declared;
  const { apiVersion, kind } = stepKind;
  const built = stepKind.buildSpec(declared, run, () => undefined);
  if ('refusal' in built) return [{ step, index, kind, child: built.refusal }];
  const ref = { apiVersion, kind, name: nameChild(run, step, 1), namespace: run.namespace };
  const { metadata, ...child } = buildChild(run, { type: 'CreateChild', step, ref, spec: built.spec });
  const { ownerReferences: _, ...unowned } = metadata;
  return [{ step, index, kind, child: { ...child, metadata: unowned } }];
}
