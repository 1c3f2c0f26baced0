import { setTimeout as delay } from 'node:timers/promises';
import { KubeError } from '../../src/kube/errors.ts';
import type { KubeObject } from '../../src/objects/object.ts';
import { KubeErrorReason } from '../../src/orchestration/vocabulary/kube-error-reasons.ts';
import type { ObservedClient } from '../../test/support/kube.ts';
import type { Ending, Engine, Place } from './engine.ts';

/** How the children of a namespace end. */
export interface Script {
  /** How long after its appearance a child ends. If undefined, children never end. */
  readonly afterMs: number | undefined;
  /** The step whose child fails; all others succeed. */
  readonly failing?: string;
}

/** A child, with times on the clock of `performance.now()`. */
export interface Child extends Place {
  readonly name: string;
  /** When a watch first showed it. */
  readonly seenMs: number;
  /** When the API server had stored its end. */
  endedMs?: number;
}

/** A run of a namespace that has ended. */
export interface EndedRun {
  readonly ending: Ending;
  /** When a watch showed it. */
  readonly seenMs: number;
}

/** A namespace as the stand-in knows it. */
export interface Scene {
  /** By uid, in the order in which they appeared. */
  readonly children: ReadonlyMap<string, Child>;
  /** By name. */
  readonly endedRuns: ReadonlyMap<string, EndedRun>;
}

/**
 * Replaces what executes children (scheduler and kubelet for pods, the controller of agents for AgentRuns). Writes that
 * a child runs when it appears, and after a time that it has ended. All engines have the same stand-in.
 */
export interface StandIn {
  readonly hear: (object: KubeObject) => void;
  readonly play: (namespace: string, script: Script) => Scene;
  /** Ends a child that the script does not end. */
  readonly end: (child: Child) => Promise<void>;
}

export function createStandIn(engine: Engine, client: ObservedClient): StandIn {
  const scenes = new Map<string, { script: Script; children: Map<string, Child>; endedRuns: Map<string, EndedRun> }>();
  const objects = new Map<Child, KubeObject>();

  function hear(object: KubeObject): void {
    const scene = scenes.get(object.metadata.namespace ?? '');
    if (scene === undefined) return;
    if (object.kind === engine.runs.kind) {
      const ending = engine.endingOf(object);
      const { name } = object.metadata;
      if (ending !== undefined && !scene.endedRuns.has(name))
        scene.endedRuns.set(name, { ending, seenMs: performance.now() });
      return;
    }
    const { uid = '', name } = object.metadata;
    const place = engine.placeOf(object);
    if (place === undefined || scene.children.has(uid)) return;
    const child: Child = { ...place, name, seenMs: performance.now() };
    scene.children.set(uid, child);
    objects.set(child, object);
    void carryOut(child, object, scene.script);
  }

  async function carryOut(child: Child, object: KubeObject, { afterMs, failing }: Script): Promise<void> {
    await write(object, engine.running(object));
    if (afterMs === undefined) return;
    await delay(Math.max(0, child.seenMs + afterMs - performance.now()));
    await finish(child, object, child.step === failing ? 'Failed' : 'Succeeded');
  }

  async function finish(child: Child, object: KubeObject, ending: Ending): Promise<void> {
    await write(object, engine.ended(object, ending));
    child.endedMs = performance.now();
  }

  /** Writes a status. A child may have been deleted in the meantime, and then there is nothing to write. */
  async function write({ metadata: { namespace = '', name } }: KubeObject, status: object): Promise<void> {
    const patch = { type: 'merge', body: { status } } as const;
    try {
      await client.patch(engine.children, { namespace, name }, patch, { subresource: 'status' });
    } catch (error) {
      if (!(error instanceof KubeError && error.reason === KubeErrorReason.NotFound)) throw error;
    }
  }

  return {
    hear,
    play(namespace, script) {
      const scene = { script, children: new Map<string, Child>(), endedRuns: new Map<string, EndedRun>() };
      scenes.set(namespace, scene);
      return scene;
    },
    async end(child) {
      const object = objects.get(child);
      if (object !== undefined) await finish(child, object, 'Succeeded');
    },
  };
}
