import { defineConfig } from 'vitest/config';

/** A separate configuration for `make release-test`, which needs what `make release` has written. */
// biome-ignore lint/style/noDefaultExport: vitest loads its configuration by the default export
export default defineConfig({
  test: {
    include: ['test/published/**/*.test.ts'],
    globalSetup: 'test/support/controlplane/global-setup.ts',
    fileParallelism: false,
    testTimeout: 400_000,
    hookTimeout: 400_000,
  },
});
