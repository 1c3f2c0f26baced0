import { setTimeout as delay } from 'node:timers/promises';
import { layered, type playNamespace, tool } from '../../test/support/stand-in.ts';

type Play = ReturnType<typeof playNamespace>;

/** What a picture shows: where the page goes, and which step is chosen there. */
export interface Scene {
  readonly name: string;
  readonly route: string;
  readonly step?: string;
  /** The size of the window, if it is not the default. */
  readonly size?: { readonly width: number; readonly height: number };
  readonly play: (play: Play) => Promise<void>;
}

const release = {
  steps: [
    tool('checkout'),
    tool('build-api', ['checkout']),
    tool('build-web', ['checkout']),
    tool('lint', ['checkout'], { continueOnFailure: true }),
    tool('unit-tests', ['build-api'], { retries: 2, retryBackoffSeconds: 600 }),
    tool('integration-tests', ['build-api', 'build-web']),
    tool('security-scan', ['build-web', 'lint']),
    tool('package', ['unit-tests', 'integration-tests']),
    { name: 'approve', kind: 'ApprovalGate', policyRef: 'release', dependsOn: ['security-scan'] },
    tool('deploy-staging', ['package', 'approve']),
    tool('notify', ['lint']),
  ],
};

/** A diamond of builds and tests. One branch fails while the other continues. */
async function playRelease({ apply, run, endStep }: Play): Promise<void> {
  const ends = async (step: string, afterMs: number, phase = 'Succeeded', message?: string) => {
    await delay(afterMs);
    await endStep('release-1041', step, phase, message);
  };
  await apply('release', release);
  await run('release-1041', 'release');
  await ends('checkout', 1_500);
  await ends('lint', 1_500, 'Failed', '3 problems in src/api');
  await ends('build-web', 1_000);
  await ends('notify', 500);
  await ends('build-api', 1_000);
  await ends('unit-tests', 2_000, 'Failed', 'connection to the database was refused');
  await ends('integration-tests', 1_500, 'Failed', 'exit 1: 2 of 48 tests failed');
  await delay(3_000);
}

const broken = {
  steps: [
    tool('checkout'),
    tool('build', ['checkout']),
    tool('test', ['build', 'approve']),
    tool('deploy', ['test']),
    tool('approve', ['deploy']),
    tool('announce', ['deploy', 'relase-notes']),
  ],
};

const WIDTH = 50;
const COUNT = 1_000;
const LAYERS_DONE = 11;

/** A thousand steps, half of them done, two failed not long ago. */
async function playFleet({ apply, run, listOpen, end }: Play): Promise<void> {
  await apply('fleet', { steps: layered(COUNT, WIDTH) });
  await run('fleet-7', 'fleet');
  for (let done = 0; done < LAYERS_DONE * WIDTH + WIDTH / 2; ) {
    const open = (await listOpen('fleet-7')).slice(0, WIDTH);
    const isLate = done >= (LAYERS_DONE - 1) * WIDTH;
    await Promise.all(
      open.map((child, at) =>
        isLate && at % 24 === 9 ? end(child, 'Failed', 'exit 137: out of memory') : end(child, 'Succeeded'),
      ),
    );
    done += open.length;
    await delay(250);
  }
  await delay(4_000);
}

export const scenes: readonly Scene[] = [
  { name: 'run', route: '#/run/release-1041', step: 'package', play: playRelease },
  { name: 'broken', route: '#/orchestration/broken', play: ({ apply }) => apply('broken', broken) },
  // A thousand boxes are many bytes: a smaller window keeps the picture under 150 KB.
  { name: 'thousand', route: '#/run/fleet-7', play: playFleet, size: { width: 1120, height: 700 } },
];
