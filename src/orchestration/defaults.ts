import { defaultLimits, type Limits } from '../dag/rules.ts';
import { type Chain, chainOf, isAnnotated, isChain, metadataMap } from './chain.ts';
import { asRecord, decodeOrchestration, isRecord } from './decode.ts';
import { findOverLimits } from './judge.ts';
import type { Step } from './schema.ts';
import { Annotation, Label } from './vocabulary/metadata.ts';

/** Whether the sequential default is also written into the object. `Auto`: unless Argo CD tracks it. */
export const defaultingModes = ['Auto', 'Always', 'Never'] as const;
export type DefaultingMode = (typeof defaultingModes)[number];

/** A step that waits for another one than in what was sent; the first of a chain waits for none. */
export interface Rewired {
  readonly index: number;
  readonly name: string;
  readonly predecessor: string | undefined;
}

/** What defaulting makes of an object. */
export interface Defaulted {
  /** Absent: the `dependsOn` stay as they are. */
  readonly dependsOn?: Chain;
  /** Whether the object is to carry Annotation.Defaulted. */
  readonly isAnnotated: boolean;
  /** What deriving a chain again changes. Absent where the default is written for the first time: it holds anyway. */
  readonly rewired?: readonly Rewired[];
}

/**
 * What the sequential default makes of `current`, given what is stored (`previous`, undefined at creation).
 *
 * The chain is written if no step declares `dependsOn`. It is derived again if the author only took steps out of a written
 * chain, put some in or renamed some: what then still has a `dependsOn` has it from us, and a new step without one would
 * start at once. An object that is over a limit, cannot be decoded or annotated, or whose step names do not tell its steps
 * apart, is left alone: undefined. Applying the result and asking again gives the same. Linear.
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
 * Whether every `dependsOn` in `steps` was written by us into the chain `before`: then the author has declared nothing. A
 * step that is new and has the `dependsOn` of one that is gone is that step under another name.
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

/** The steps whose dependency deriving the chain again changes. */
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

/** Argo CD marks what it applies by this annotation or, in its older default, by this label. */
function isTrackedByArgoCd(object: unknown): boolean {
  const tracking = metadataMap(object, 'annotations')[Annotation.ArgoCdTracking];
  return tracking !== undefined || metadataMap(object, 'labels')[Label.ArgoCdInstance] !== undefined;
}
