import { createScope, type Reading } from '../expressions/expression.ts';
import { compileTemplate, fillTemplate } from '../expressions/template.ts';
import { displaySource } from '../expressions/values.ts';
import { readDeclared, withDefaults } from '../orchestration/declared-parameters.ts';
import type { Orchestration } from '../orchestration/decode.ts';
import { listInputTexts, replaceTexts } from '../orchestration/input-texts.ts';
import type { StepKind } from '../orchestration/kinds/kind.ts';
import { stepKinds } from '../orchestration/kinds/table.ts';
import type { Path } from '../orchestration/problem.ts';
import { API_VERSION, type Step } from '../orchestration/schema.ts';
import { buildChild } from './child-object.ts';
import { valuesOf } from './inputs.ts';
import { nameChild } from './names.ts';
import type { ObservedRun } from './observation.ts';
import { readRun } from './read-run.ts';

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

/** A text of a step with placeholders, as far as it is known before a run. */
export interface PreviewedInput {
  readonly step: string;
  /** The place in the step. */
  readonly path: Path;
  /** With the values that are known. The other placeholders stay. */
  readonly text: string;
  /** What the other placeholders read, each once: `steps.build.outputs.image`. */
  readonly open: readonly string[];
}

/**
 * Returns the children of a run with these parameters and the declared defaults, in step order. Steps that create no
 * child are left out. Placeholders that only a run can fill in stay in their inputs.
 */
export function previewChildren(
  orchestration: Orchestration,
  namespace: string,
  parameters: Readonly<Record<string, string>>,
  kinds = stepKinds,
): readonly Preview[] {
  const { steps } = orchestration;
  const run = previewRun(orchestration, namespace, parameters);
  const inputsOf = Map.groupBy(previewInputs(orchestration, run, kinds), ({ step }) => step);
  return steps.flatMap((step, index) => {
    const filled = replaceTexts(step, inputsOf.get(step.name) ?? []);
    return previewChild(filled, kinds.get(step.kind), index, run);
  });
}

/** Returns a made-up run of the Orchestration. Its name and uid are not those of a stored run. */
export function previewRun(
  { name, policies }: Orchestration,
  namespace: string,
  parameters: Readonly<Record<string, string>>,
): ObservedRun {
  const spec = { orchestrationRef: { name }, parameters: withDefaults(readDeclared({ policies }), parameters) };
  const metadata = { name, namespace, uid: '' };
  const { bucket: _, ...run } = readRun({ apiVersion: API_VERSION, kind: 'OrchestrationRun', metadata, spec }, false);
  return run;
}

/** Fills in the inputs of all steps, as far as they are known. Texts without placeholders are left out. */
export function previewInputs(
  { steps }: Orchestration,
  run: ObservedRun,
  kinds = stepKinds,
): readonly PreviewedInput[] {
  const scope = createScope({ variables: ['parameters', 'run', 'steps'], steps: steps.map(({ name }) => name) });
  const values = valuesOf(run, () => undefined);
  return steps.flatMap((step) =>
    [...listInputTexts(step, kinds.get(step.kind))].flatMap(({ path, text }) => {
      const { template } = compileTemplate(text, scope);
      if (template === undefined) return [];
      const open = template.readings.filter((reading) => !isKnown(reading, run)).map(displaySource);
      const filled = fillTemplate(template, values, (reading) => isKnown(reading, run));
      return [{ step: step.name, path, text: filled, open: [...new Set(open)] }];
    }),
  );
}

/**
 * Whether a value is known before the run. The name and the ids of the run are not known, and neither are the results
 * of its steps.
 */
export function isKnown(
  reading: Reading,
  { parameters, namespace }: Pick<ObservedRun, 'parameters' | 'namespace'>,
): boolean {
  if (reading.type === 'Parameter') return Object.hasOwn(parameters, reading.name);
  if (reading.type !== 'Run') return false;
  return reading.field === 'orchestration' || (reading.field === 'namespace' && namespace !== '');
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
