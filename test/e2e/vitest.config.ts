import { defineConfig } from 'vitest/config';

/** Its own configuration, since it needs a cluster with nodes: `make e2e`, `make load`. One suite at a time. */
// biome-ignore lint/style/noDefaultExport: vitest loads its configuration by the default export
export default defineConfig({
  test: {
    include: ['test/e2e/*.test.ts'],
    globalSetup: 'test/e2e/global-setup.ts',
    fileParallelism: false,
    // Pods start, on nodes that may be busy.
    testTimeout: 240_000,
    hookTimeout: 240_000,
  },
});
