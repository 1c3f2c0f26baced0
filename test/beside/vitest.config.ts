import { defineConfig } from 'vitest/config';

/** A separate configuration for `make beside`, because it prints a table to read, and is not part of every test run. */
// biome-ignore lint/style/noDefaultExport: vitest loads its configuration by the default export
export default defineConfig({
  test: {
    include: ['test/beside/**/*.test.ts'],
    globalSetup: 'test/support/controlplane/global-setup.ts',
    testTimeout: 180_000,
    hookTimeout: 60_000,
    // Each row has a reconciler and stand-ins of its own.
    maxConcurrency: 4,
  },
});
