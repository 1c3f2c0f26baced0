import type { KubeObject } from '../../src/objects/object.ts';
import { isRecord } from '../../src/orchestration/decode.ts';
import type { Action } from '../../src/reconciler/observation.ts';
import { keyOf, listVisible, type Process, RUN, RUNS, type World } from '../support/model/engine.ts';
import type { Choices } from './lazy.ts';

/**
 * Hashes a world, and all else that distinguishes two states, to a number. Worlds that behave alike have the same one:
 * versions count only by whether they are the newest. A number has 53 bits: among ten million states, two are taken for
 * one with odds of 1 to 180.
 */
export function createHasher(): (node: {
  readonly world: World;
  readonly choices: Choices;
  readonly left: unknown;
}) => number {
  const texts = new WeakMap<object, number>();
  const remember = (object: object, describe: () => unknown): number => {
    const known = texts.get(object);
    if (known !== undefined) return known;
    const hash = hashText(JSON.stringify(describe(), inOrder));
    texts.set(object, hash);
    return hash;
  };
  const ofObject = (object: KubeObject) =>
    remember(object, () => {
      const { uid, annotations, deletionTimestamp, finalizers } = object.metadata;
      const { updatedAt: _, stepStatuses = [], ...status } = Object(object['status']);
      const steps = stepStatuses.map((step: object) => remember(step, () => withoutAttempts(step)));
      return [uid, annotations, deletionTimestamp, finalizers, status, steps];
    });

  /** True if the newest version of the object is seen, else the hash of the version that is seen. */
  const ofSeen = (object: KubeObject, visible: ReadonlyMap<string, KubeObject>) =>
    visible.get(keyOf(object.kind, object.metadata.name))?.metadata.resourceVersion ===
      object.metadata.resourceVersion || ofObject(object);

  const ofProcess = ({ view, refusals, plan }: Process, visible: ReadonlyMap<string, KubeObject>) => {
    const seen = [...view].sort(byKey).map(([key, object]) => [key, visible.get(key) === object || ofObject(object)]);
    const version = visible.get(keyOf(RUNS.kind, RUN))?.metadata.resourceVersion;
    const planned = plan && [
      version === plan.observation.run.resourceVersion,
      remember(plan.actions, () => plan.actions.map(withoutChild)),
      plan.actions.map((action) => 'child' in action && ofSeen(action.child as KubeObject, visible)),
    ];
    return [seen, planned, [...refusals.keys()]];
  };

  return ({ world, choices, left }) => {
    const visible = listVisible(world);
    const stored = [...visible].sort(byKey).map(([key, object]) => [key, ofObject(object)]);
    const processes = [world, ...(world.standby ? [world.standby] : [])].map((process) => ofProcess(process, visible));
    const snapshots = world.api.all().length - visible.size;
    return hashText(JSON.stringify([stored, processes, snapshots, world.nowMs, choices.map(valuesOf), left]));
  };
}

/** Earlier attempts decide nothing, so worlds that differ in nothing else behave alike. */
function withoutAttempts(step: object): object {
  const { previousAttempts: _, ...rest } = step as { readonly previousAttempts?: unknown };
  return rest;
}

function withoutChild(action: Action): unknown {
  return 'child' in action ? [action.type, action.child.metadata.name] : action;
}

function byKey([one]: readonly [string, unknown], [other]: readonly [string, unknown]): number {
  return one < other ? -1 : 1;
}

function valuesOf({ retries, continueOnFailure, runIf, when, ...timeouts }: Choices[number]): unknown[] {
  return [retries, continueOnFailure, timeouts.timeoutSeconds, timeouts.pendingTimeoutSeconds, runIf, when];
}

/** Sorts the fields of an object: their order depends on how it was made, and means nothing. */
function inOrder(_: string, value: unknown): unknown {
  return isRecord(value)
    ? Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)))
    : value;
}

/** Two independent 32-bit multiplicative hashes, of which 53 bits fit into a number. */
export function hashText(text: string): number {
  let low = 0x9e3779b1;
  let high = 0x85ebca77;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    low = Math.imul(low ^ unit, 0x01000193);
    high = Math.imul(high ^ unit, 0x27d4eb2f) + (high >>> 15);
  }
  low = Math.imul(low ^ (low >>> 15), 0x2c1b3c6d);
  high = Math.imul(high ^ (high >>> 13), 0x297a2d39);
  return (low >>> 0) * 0x200000 + ((high ^ (low >>> 7)) >>> 11);
}
