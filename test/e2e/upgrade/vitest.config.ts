import { defineConfig } from 'vitest/config';
import e2e from '../vitest.config.ts';

/** `make upgrade`: needs an image and the chart of an older version besides what the other tests need. */
// biome-ignore lint/style/noDefaultExport: vitest loads its configuration by the default export
export default defineConfig({
  test: {
    ...e2e.test,
    include: ['test/e2e/upgrade/*.test.ts'],
    globalSetup: ['test/e2e/global-setup.ts', 'test/e2e/upgrade/global-setup.ts'],
  },
});
