import { expect, onTestFinished, test } from 'vitest';
import { startGate } from '../support/gate.ts';
import { createMemoryLimit } from './memory-limit.ts';
import { play } from './play.ts';

const limit = await createMemoryLimit(256 * 1024 * 1024);

/** The short form of `make attack`. It does not check how fast others are answered: other tests share the machine. */
test.skipIf(limit === undefined)(
  'a gate under 256 MiB outlives every attack, and leaves nothing unjudged',
  async () => {
    if (limit === undefined) return;
    const gate = await startGate({
      settings: { failurePolicy: 'Ignore' },
      flags: ['--log-level=warn'],
      wrap: (command) => limit.wrap(command),
      nodeFlags: ['--max-semi-space-size=2', '--max-old-space-size-percentage=40'],
    });
    onTestFinished(async () => {
      await gate.stop();
      await limit.remove();
    });
    const { pid } = gate.process;
    const { hostname, port } = new URL(gate.url);
    const target = { host: hostname, port: Number(port), caPem: gate.caPem };
    for (const name of [
      '10,000 connections',
      '260 half-sent bodies',
      '260 large half-sent bodies',
      '64 answers not read',
      '4 × 1,000 steps with 256 misspelt dependencies',
      'bodies of 7 MiB',
    ]) {
      const { asked, failed, wrong } = await play(name, target, 3);
      expect({ name, pid: gate.process.pid, kills: await limit.kills(), wrong }).toEqual({
        name,
        pid,
        kills: 0,
        wrong: 0,
      });
      expect(failed, name).toBeLessThan(asked);
    }
  },
);
