import type { KubeClient } from '../kube/client.ts';
import { KubeError } from '../kube/errors.ts';
import { sleep, type Timing } from '../kube/ports.ts';
import type { Resource } from '../kube/resources.ts';
import { type KubeObject, keyOf } from '../objects/object.ts';
import { wordsOf } from '../objects/outcomes.ts';
import { finalizersOf, isHeld } from '../reconciler/finalizer.ts';

export interface ReleaseOptions {
  readonly client: Pick<KubeClient, 'list' | 'patch'>;
  readonly resources: readonly Resource[];
  /** The namespaces to release in. Undefined means all. */
  readonly namespaces: readonly string[] | undefined;
  /**
   * The release repeats until no object is left. It takes at least `atLeastMs`, even if no object is left earlier. The
   * first pass that starts after `atMostMs` is the last.
   */
  readonly atLeastMs: number;
  readonly atMostMs: number;
  readonly timing: Timing;
  /** Called with what was done, one sentence at a time. */
  readonly say: (sentence: string) => void;
}

const PAUSE_MS = 1_000;
/** Small, because the objects may be large. */
const PAGE_ITEMS = 50;

/** Removes our finalizer from all objects that have it, in any state of their run. Returns whether none is left. */
export async function releaseAll(options: ReleaseOptions): Promise<boolean> {
  const { resources, namespaces = [undefined], atLeastMs, atMostMs, timing } = options;
  const said = new Set<string>();
  const say = (sentence: string) => {
    if (!said.has(sentence)) options.say(sentence);
    said.add(sentence);
  };
  const startedMs = timing.now();
  const { signal } = new AbortController();
  for (;;) {
    const elapsedMs = timing.now() - startedMs;
    const left: string[] = [];
    for (const resource of resources)
      for (const namespace of namespaces) left.push(...(await releaseIn({ ...options, say }, resource, namespace)));
    if (left.length === 0 && elapsedMs >= atLeastMs) return true;
    if (elapsedMs >= atMostMs) {
      for (const why of left) say(why);
      return left.length === 0;
    }
    await sleep(timing, PAUSE_MS, signal);
  }
}

/**
 * Removes our finalizer in one namespace. Returns why objects are left, one sentence each. The next pass releases
 * objects that change meanwhile.
 */
async function releaseIn(
  { client, say }: ReleaseOptions,
  resource: Resource,
  namespace: string | undefined,
): Promise<readonly string[]> {
  const left: string[] = [];
  let released = 0;
  for await (const object of listAll(client, resource, namespace, say)) {
    const { name, namespace: of = '', resourceVersion } = object.metadata;
    const body = { metadata: { resourceVersion, finalizers: finalizersOf(object, 'Released') } };
    try {
      await client.patch(resource, { namespace: of, name }, { type: 'merge', body });
      released += 1;
    } catch (error) {
      if (!isOf(error, 'NotFound'))
        left.push(`cannot release ${resource.kind} ${keyOf(object.metadata)}: ${wordsOf(error)}`);
    }
  }
  if (released > 0)
    say(`released ${released} ${resource.kind}${released === 1 ? '' : 's'} of ${namespace ?? 'all namespaces'}`);
  return left;
}

/**
 * Yields the objects that have our finalizer. A kind that does not exist has none. Skips a namespace that may not be
 * read.
 */
async function* listAll(
  client: ReleaseOptions['client'],
  resource: Resource,
  namespace: string | undefined,
  say: ReleaseOptions['say'],
): AsyncGenerator<KubeObject> {
  const selection = { limit: PAGE_ITEMS, ...(namespace !== undefined && { namespace }) };
  try {
    let next: string | undefined;
    do {
      const page = await client.list(resource, { ...selection, ...(next !== undefined && { continue: next }) });
      yield* page.items.filter((object) => isHeld(object));
      next = page.continue;
    } while (next !== undefined);
  } catch (error) {
    if (!isOf(error, 'NotFound') && !isOf(error, 'Forbidden')) throw error;
    if (isOf(error, 'Forbidden')) say(`skipped ${namespace ?? 'all namespaces'}: ${wordsOf(error)}`);
  }
}

function isOf(error: unknown, reason: KubeError['reason']): boolean {
  return error instanceof KubeError && error.reason === reason;
}
