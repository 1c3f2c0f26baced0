import { compareVersions } from '../kube/resources.ts';
import { type KubeObject, keyOf } from '../objects/object.ts';

/** The most objects to keep: two for each of a few pages, a run and the Orchestration that it follows. */
const MOST_KEPT = 16;

/** Keeps the whole objects that pages show, because the copy has only stubs. Forgets the least recently shown. */
export interface Wholes {
  /** Returns an object that is at least as new as this resourceVersion: the kept one, or one that is read now. */
  readonly read: (
    key: string,
    version: string,
    get: () => Promise<KubeObject | undefined>,
  ) => Promise<KubeObject | undefined>;
  /** Replaces a kept object with its newer state, so that a page that follows it need not read it. */
  readonly update: (object: KubeObject) => void;
}

/** Creates a cache without objects. */
export function createWholes(): Wholes {
  const kept = new Map<string, KubeObject>();

  function keep(key: string, object: KubeObject): void {
    const known = kept.get(key);
    if (known !== undefined && isOlder(object, versionOf(known))) return;
    kept.delete(key);
    kept.set(key, object);
    const [oldest] = kept.keys();
    if (kept.size > MOST_KEPT && oldest !== undefined) kept.delete(oldest);
  }

  return {
    async read(key, version, get) {
      const known = kept.get(key);
      if (known !== undefined && !isOlder(known, version)) {
        keep(key, known);
        return known;
      }
      const found = await get();
      if (found === undefined) kept.delete(key);
      else keep(key, found);
      return found;
    },
    update(object) {
      const key = `${object.kind}/${keyOf(object.metadata)}`;
      if (kept.has(key)) keep(key, object);
    },
  };
}

function isOlder(object: KubeObject, version: string): boolean {
  return compareVersions(versionOf(object), version) < 0;
}

function versionOf({ metadata }: KubeObject): string {
  return metadata.resourceVersion ?? '0';
}
