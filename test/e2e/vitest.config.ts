import { defineConfig } from 'vitest/config';

/** A separate configuration for `make e2e` and `make load`, which need a cluster with nodes. Suites run one by one. */
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
