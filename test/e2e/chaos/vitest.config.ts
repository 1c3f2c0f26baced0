import { defineConfig } from 'vitest/config';
import e2e from '../vitest.config.ts';

/** The configuration of `make chaos`, which takes hours, and runs commands that break the node. */
// biome-ignore lint/style/noDefaultExport: vitest loads its configuration by the default export
export default defineConfig({
  test: {
    ...e2e.test,
    include: ['test/e2e/chaos/*.test.ts'],
    globalSetup: ['test/e2e/global-setup.ts', 'test/e2e/chaos/global-setup.ts'],
  },
});
