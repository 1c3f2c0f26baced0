import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const onCluster = [
  'test/cluster/**/*.test.ts',
  'test/controlplane/**/*.test.ts',
  'test/conformance/apiserver.test.ts',
  'test/faults/faults.test.ts',
];

export default defineConfig({
  test: {
    testTimeout: 400_000,
    hookTimeout: 400_000,
    // A second, which is the default, is too short for a busy machine.
    expect: { poll: { timeout: 60_000 } },
    // vitest leaves one core to others, and on a machine with two would run file after file. Tests on a cluster mostly wait.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // Two projects, so that a run of pure tests starts no control plane.
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [...onCluster, 'test/beside/**', 'test/e2e/**', 'test/published/**'],
        },
      },
      {
        extends: true,
        test: {
          name: 'cluster',
          include: onCluster,
          globalSetup: 'test/support/controlplane/global-setup.ts',
        },
      },
    ],
  },
});
