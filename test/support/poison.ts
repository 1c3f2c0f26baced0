import { registerHooks } from 'node:module';

/**
 * Preloaded (`NODE_OPTIONS=--import=…`): gives the engine's planning a bug of the worst kind. A run that is named `poison-…`
 * and not suspended ends the engine that looks at it, in the way that its name says.
 */
const planStart = /export function planRun\(snapshot[^{]*\{/;

const ways: Readonly<Record<string, () => void>> = {
  'poison-reject': () => void Promise.reject(new Error('poison')),
  // For ever, but not beyond the test: an engine that stands still does not hear that its parent is gone.
  'poison-stall': () => {
    const parent = process.ppid;
    while (process.ppid === parent);
  },
  'poison-memory': () => {
    for (const kept: object[] = []; ; kept.push(new Array(1_000).fill(kept.length)));
  },
};

if (process.argv[2] === 'engine') {
  Object.assign(globalThis, {
    poison: ({ run }: { run: { name: string; isSuspended: boolean } }) => run.isSuspended || ways[run.name]?.(),
  });
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      if (!url.endsWith('/src/reconciler/plan.ts')) return loaded;
      const source = Buffer.from(loaded.source as Uint8Array).toString();
      if (!planStart.test(source)) throw new Error('planRun is no longer written as it is looked for here');
      return { ...loaded, source: source.replace(planStart, (start) => `${start} globalThis.poison(snapshot);`) };
    },
  });
}
