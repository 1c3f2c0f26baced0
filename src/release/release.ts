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
  /** Undefined: all. */
  readonly namespaces: readonly string[] | undefined;
  /** It looks again and again, and ends when it finds none: not before the first time, and without more ado at the second. */
  readonly atLeastMs: number;
  readonly atMostMs: number;
  readonly timing: Timing;
  /** Told what was done, a sentence each. */
  readonly say: (sentence: string) => void;
}

const PAUSE_MS = 1_000;
/** Of objects that may be large. */
const PAGE_ITEMS = 50;

/** Takes our finalizer from all objects that carry it, whatever their run. Returns whether none is left. */
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
    const lookedMs = timing.now() - startedMs;
    const left: string[] = [];
    for (const resource of resources)
      for (const namespace of namespaces) left.push(...(await releaseIn({ ...options, say }, resource, namespace)));
    if (left.length === 0 && lookedMs >= atLeastMs) return true;
    if (lookedMs >= atMostMs) {
      for (const why of left) say(why);
      return left.length === 0;
    }
    await sleep(timing, PAUSE_MS, signal);
  }
}

/** Returns why some are left, a sentence each; those that change meanwhile are released at the next look. */
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
        left.push(`${resource.kind} ${keyOf(object.metadata)} is still held: ${wordsOf(error)}`);
    }
  }
  if (released > 0) say(`released ${released} ${resource.kind}s of ${namespace ?? 'all namespaces'}`);
  return left;
}

/** Those that carry our finalizer. A kind that is not there has none, and a namespace that may not be read is passed over. */
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
    if (isOf(error, 'Forbidden')) say(`passed over ${namespace ?? 'all namespaces'}: ${wordsOf(error)}`);
  }
}

function isOf(error: unknown, reason: KubeError['reason']): boolean {
  return error instanceof KubeError && error.reason === reason;
}
