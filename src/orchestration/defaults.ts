import { defaultLimits, type Limits } from '../dag/rules.ts';
import { asRecord, decodeOrchestration, isRecord } from './decode.ts';
import { findOverLimits } from './judge.ts';
import { GROUP, type Step } from './schema.ts';

/** Whether the sequential default is also written into the object. `Auto`: unless Argo CD tracks it. */
export const defaultingModes = ['Auto', 'Always', 'Never'] as const;
export type DefaultingMode = (typeof defaultingModes)[number];

/** Marks an object whose `dependsOn` are the written-out sequential default, and nobody's declaration. */
export const DEFAULTED_ANNOTATION = `${GROUP}/defaulted`;
const SEQUENTIAL = 'sequential';

/** What defaulting makes of an object. */
export interface Defaulted {
  /** The `dependsOn` of every step, in order; undefined where a step is to have none. Absent: they stay as they are. */
  readonly dependsOn?: readonly (readonly string[] | undefined)[];
  /** Whether the object is to carry DEFAULTED_ANNOTATION. */
  readonly isAnnotated: boolean;
}

/**
 * What the sequential default makes of `current`, given what is stored (`previous`, undefined at creation).
 *
 * The chain is written where no step declares `dependsOn`. It is also derived anew where the author only took steps out
 * of a written chain or put some in: what then still has a `dependsOn` has it from us, and a new step without one would
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
  if (mayWrite && (isUndeclared || isLeftOfChain(steps, previous, limits)))
    return { dependsOn: chain, isAnnotated: isLong };
  return { isAnnotated: isAnnotated(current) && isLong && isChain(steps, chain) };
}

/** Whether every `dependsOn` in `steps` was written by us into `previous`: then the author has declared nothing. */
function isLeftOfChain(steps: readonly Step[], previous: unknown, limits: Limits): boolean {
  const before = isAnnotated(previous) ? namedSteps(previous, limits) : undefined;
  if (before === undefined || !isChain(before, chainOf(before))) return false;
  const predecessors = new Map(before.map((step, index) => [step.name, before[index - 1]?.name]));
  return steps.every(({ name, dependsOn }) => {
    if (dependsOn === undefined) return true;
    return dependsOn.length === 1 && dependsOn[0] === predecessors.get(name);
  });
}

function chainOf(steps: readonly Step[]): (readonly string[] | undefined)[] {
  return steps.map((_, index) => {
    const predecessor = steps[index - 1];
    return predecessor && [predecessor.name];
  });
}

function isChain(steps: readonly Step[], chain: Defaulted['dependsOn'] & object): boolean {
  return steps.every(
    ({ dependsOn }, index) => dependsOn?.length === chain[index]?.length && dependsOn?.[0] === chain[index]?.[0],
  );
}

function namedSteps(object: unknown, limits: Limits): readonly Step[] | undefined {
  if (findOverLimits(object, limits).length > 0) return undefined;
  const { orchestration, findings } = decodeOrchestration(object, 0);
  const { steps } = orchestration;
  return findings.length === 0 && new Set(steps.map(({ name }) => name)).size === steps.length ? steps : undefined;
}

function isAnnotated(object: unknown): boolean {
  return metadataMap(object, 'annotations')[DEFAULTED_ANNOTATION] === SEQUENTIAL;
}

function mayBeAnnotated(object: unknown): boolean {
  const { metadata } = asRecord(object);
  return isRecord(metadata) && (isRecord(metadata['annotations']) || (metadata['annotations'] ?? null) === null);
}

/** Argo CD marks what it applies by this annotation or, in its older default, by this label. */
function isTrackedByArgoCd(object: unknown): boolean {
  const tracking = metadataMap(object, 'annotations')['argocd.argoproj.io/tracking-id'];
  return tracking !== undefined || metadataMap(object, 'labels')['app.kubernetes.io/instance'] !== undefined;
}

function metadataMap(object: unknown, field: 'annotations' | 'labels'): Record<string, unknown> {
  return asRecord(asRecord(asRecord(object)['metadata'])[field]);
}
