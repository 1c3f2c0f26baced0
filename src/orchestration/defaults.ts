import { defaultLimits, type Limits } from '../dag/rules.ts';
import { type Chain, chainOf, isAnnotated, isChain, metadataMap } from './chain.ts';
import { asRecord, decodeOrchestration, isRecord } from './decode.ts';
import { findOverLimits } from './judge.ts';
import type { Step } from './schema.ts';
import { Annotation, Label } from './vocabulary/metadata.ts';

/**
 * Whether the gate writes the sequential default into the object. `Auto` writes it unless Argo CD tracks the object.
 */
export const defaultingModes = ['Auto', 'Always', 'Never'] as const;
export type DefaultingMode = (typeof defaultingModes)[number];

/** A step whose dependency differs from what the author sent. The first step of a chain has no predecessor. */
export interface Rewired {
  readonly index: number;
  readonly name: string;
  readonly predecessor: string | undefined;
}

/** The changes that defaulting makes to an object. */
export interface Defaulted {
  /** The new `dependsOn` of all steps. If absent, they do not change. */
  readonly dependsOn?: Chain;
  /** Whether the object must have Annotation.Defaulted. */
  readonly isAnnotated: boolean;
  /**
   * The steps that change because the chain is derived again. Absent if the default is written for the first time,
   * because that does not change the graph.
   */
  readonly rewired?: readonly Rewired[];
}

/**
 * Decides what the sequential default changes in `current`. `previous` is the stored object, undefined for a create.
 *
 * If no step declares `dependsOn`, the chain is written. If the author only removed, added or renamed steps in a
 * written chain, the chain is derived again: every `dependsOn` that is left was written by the gate, and a new step
 * without one would start at once. The result is undefined, and nothing changes, if the object is over a limit, cannot
 * be decoded, cannot be annotated, or has two steps with the same name. The function is idempotent. Cost: linear.
 */
export function defaultOrchestration(
  current: unknown,
  previous: unknown,
  mode: DefaultingMode,
  limits = defaultLimits,
): Defaulted | undefined {
  const steps = namedSteps(current, limits);
  if (steps === undefined || !mayBeAnnotated(current)) return undefined;
  const chain = chainOf(steps);
  const isUndeclared = steps.every(({ dependsOn }) => dependsOn === undefined);
  const mayWrite = mode === 'Always' || (mode === 'Auto' && !isTrackedByArgoCd(current));
  const isLong = steps.length > 1;
  if (mayWrite && isUndeclared) return { dependsOn: chain, isAnnotated: isLong };
  const before = isAnnotated(previous) ? namedSteps(previous, limits) : undefined;
  if (mayWrite && before && isLeftOfChain(steps, before)) {
    return { dependsOn: chain, isAnnotated: isLong, rewired: rewiredSteps(steps, chain) };
  }
  return { isAnnotated: isAnnotated(current) && isLong && isChain(steps, chain) };
}

/**
 * Returns true if the gate wrote every `dependsOn` in `steps` into the chain `before`, so that the author declared
 * none. A new step with the `dependsOn` of a removed step counts as that step with another name.
 */
function isLeftOfChain(steps: readonly Step[], before: readonly Step[]): boolean {
  if (!isChain(before, chainOf(before))) return false;
  const names = new Set(steps.map(({ name }) => name));
  const written = new Map(before.map((step, index) => [step.name, before[index - 1]?.name]));
  const ofGone = new Set([...written].filter(([name]) => !names.has(name)).map(([, predecessor]) => predecessor));
  return steps.every(({ name, dependsOn }) => {
    if (dependsOn === undefined) return true;
    const [wanted, ...others] = dependsOn;
    if (wanted === undefined || others.length > 0) return false;
    return written.has(name) ? written.get(name) === wanted : ofGone.delete(wanted);
  });
}

/** Returns the steps whose dependency changes when the chain is derived again. */
function rewiredSteps(steps: readonly Step[], chain: Chain): Rewired[] {
  return steps.flatMap(({ name, dependsOn }, index) => {
    const [predecessor] = chain[index] ?? [];
    return predecessor === dependsOn?.[0] ? [] : [{ index, name, predecessor }];
  });
}

function namedSteps(object: unknown, limits: Limits): readonly Step[] | undefined {
  if (findOverLimits(object, limits).length > 0) return undefined;
  const { orchestration, findings } = decodeOrchestration(object, 0);
  const { steps } = orchestration;
  return findings.length === 0 && new Set(steps.map(({ name }) => name)).size === steps.length ? steps : undefined;
}

function mayBeAnnotated(object: unknown): boolean {
  const { metadata } = asRecord(object);
  return isRecord(metadata) && (isRecord(metadata['annotations']) || (metadata['annotations'] ?? null) === null);
}

/** Argo CD marks the objects that it applies with this annotation or, by its older default, with this label. */
function isTrackedByArgoCd(object: unknown): boolean {
  const tracking = metadataMap(object, 'annotations')[Annotation.ArgoCdTracking];
  return tracking !== undefined || metadataMap(object, 'labels')[Label.ArgoCdInstance] !== undefined;
}
