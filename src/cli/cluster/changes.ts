import { buildGraph } from '../../dag/graph.ts';
import type { Orchestration } from '../../orchestration/decode.ts';
import { isEqual } from '../../orchestration/equality.ts';
import type { Step } from '../../orchestration/schema.ts';

/** How an Orchestration differs from the one before it. Steps with the same name are the same step. */
export interface Changes {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly ChangedStep[];
  /** Fields of the spec, other than `steps`. */
  readonly fields: readonly string[];
}

/** A step that both Orchestrations have, and how it differs. */
export interface ChangedStep {
  readonly step: string;
  /** The steps that it waits for now and did not wait for before, through `dependsOn` or the sequential default. */
  readonly waitsAlsoFor: readonly string[];
  readonly waitsNoLongerFor: readonly string[];
  /** Its other fields, by name. */
  readonly fields: readonly string[];
}

/** Finds what an edit changes about what will run. Linear. */
export function compareOrchestrations(before: Orchestration, after: Orchestration): Changes {
  const [old, next] = [indexSteps(before), indexSteps(after)];
  const isIn = (steps: ReadonlyMap<string, unknown>) => (name: string) => steps.has(name);
  const isNotIn = (steps: ReadonlyMap<string, unknown>) => (name: string) => !steps.has(name);
  return {
    added: [...next.keys()].filter(isNotIn(old)),
    removed: [...old.keys()].filter(isNotIn(next)),
    changed: [...next.keys()].filter(isIn(old)).flatMap((name) => compareSteps(name, old, next)),
    fields: ['entrypoint' as const, 'policies' as const].filter((field) => !isEqual(before[field], after[field])),
  };
}

type Steps = ReadonlyMap<string, { readonly step: Step; readonly waitsFor: ReadonlySet<string> }>;

function indexSteps({ steps }: Orchestration): Steps {
  const { dependencies } = buildGraph(steps);
  return new Map(
    steps.map((step, index) => {
      const waitsFor = new Set((dependencies[index] ?? []).map((target) => steps[target]?.name ?? ''));
      return [step.name, { step, waitsFor }];
    }),
  );
}

function compareSteps(name: string, old: Steps, next: Steps): ChangedStep[] {
  const [before, after] = [old.get(name), next.get(name)];
  if (before === undefined || after === undefined) return [];
  const keys = new Set([...Object.keys(before.step), ...Object.keys(after.step)]);
  keys.delete('dependsOn');
  const changed = {
    step: name,
    waitsAlsoFor: [...after.waitsFor].filter((target) => !before.waitsFor.has(target)),
    waitsNoLongerFor: [...before.waitsFor].filter((target) => !after.waitsFor.has(target)),
    fields: [...keys].filter((key) => !isEqual(before.step[key], after.step[key])),
  };
  const { waitsAlsoFor, waitsNoLongerFor, fields } = changed;
  return waitsAlsoFor.length + waitsNoLongerFor.length + fields.length > 0 ? [changed] : [];
}
