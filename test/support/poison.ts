import { registerHooks } from 'node:module';

/**
 * Preloaded (`NODE_OPTIONS=--import=…`): gives the engine bugs of the worst kind. A run that is named `poison-…` and
 * not suspended ends the engine that looks at it, in the way that its name says. News of `poison-news` ends the engine
 * that hears it. An Orchestration of such a name ends the engine that audits it.
 */
const places: Readonly<Record<string, { readonly start: RegExp; readonly bug: string }>> = {
  'plan.ts': { start: /export function planRun\(observation[^{]*\{/, bug: 'globalThis.poison(observation.run)' },
  'verdict.ts': {
    start: /export function judgeStored\([\s\S]*?\): Verdict \{/,
    bug: 'globalThis.poison({ name: object.metadata.name, isSuspended: false })',
  },
  'affected.ts': { start: /export function affectedRuns\([^{]*\{/, bug: 'globalThis.poisonNews(changed.metadata)' },
};

/** Stands still until the test ends: such an engine does not hear that its parent is gone. */
function standStill(): void {
  const parent = process.ppid;
  while (process.ppid === parent);
}

const ways: Readonly<Record<string, () => void>> = {
  'poison-reject': () => void Promise.reject(new Error('poison')),
  'poison-stall': standStill,
  'poison-memory': () => {
    for (const kept: object[] = []; ; kept.push(new Array(1_000).fill(kept.length)));
  },
};

if (process.argv[2] === 'engine') {
  Object.assign(globalThis, {
    poison: ({ name, isSuspended }: { name: string; isSuspended: boolean }) => isSuspended || ways[name]?.(),
    poisonNews: ({ name }: { name: string }) => name === 'poison-news' && standStill(),
  });
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      const place = places[/\/src\/(?:audit|reconciler)\/([^/]+)$/.exec(url)?.[1] ?? ''];
      if (place === undefined) return loaded;
      const source = Buffer.from(loaded.source as Uint8Array).toString();
      if (!place.start.test(source)) throw new Error(`${url} is no longer written as it is looked for here`);
      return { ...loaded, source: source.replace(place.start, (start) => `${start} ${place.bug};`) };
    },
  });
}
