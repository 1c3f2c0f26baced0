import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startGate } from '../support/gate.ts';
import { attacks, combinations, type Target } from './attacks.ts';
import { createMemoryLimit } from './memory-limit.ts';
import { percentile, play } from './play.ts';

/** `make attack`: attacks a gate of its own under a memory limit. */
const MEBIBYTE = 1024 * 1024;
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '600' },
    memory: { type: 'string', default: '256' },
    only: { type: 'string' },
    node: {
      type: 'string',
      multiple: true,
      default: ['--max-semi-space-size=2', '--max-old-space-size-percentage=40'],
    },
  },
});
const names = [undefined, ...Object.keys(attacks), ...Object.keys(combinations)].filter(
  (name) => !values.only || name?.includes(values.only),
);
const limit = await createMemoryLimit(Number(values.memory) * MEBIBYTE);
if (limit === undefined) throw new Error('this machine lets us make no memory limit: run as root, with cgroups');
// Ignore: whatever the gate does not judge is allowed, and counts as wrong.
const gate = await startGate({
  settings: { failurePolicy: 'Ignore' },
  flags: ['--log-level=warn'],
  wrap: (command) => limit.wrap(command),
  nodeFlags: values.node,
});
const pid = gate.process.pid;
let isBroken = false;
try {
  const { hostname, port } = new URL(gate.url);
  const target: Target = { host: hostname, port: Number(port), caPem: gate.caPem };
  const seconds = Number(values.seconds) / names.length;
  console.log(`${Math.round(seconds)} s each; a gate under ${values.memory} MiB, other reviews at 20 a second\n`);
  console.log(
    '| attack | gate | other reviews | failed | wrong | p50, p99 ms | peak MiB so far |\n|---|---|---|---|---|---|---|',
  );
  for (const name of names) {
    const { asked, failed, wrong, latenciesMs, mishaps } = await play(name, target, seconds);
    const isAlive = gate.process.pid === pid && (await limit.kills()) === 0;
    isBroken ||= !isAlive || failed + wrong > 0;
    const peak = Math.round((await limit.peak()) / MEBIBYTE);
    const times = `${percentile(latenciesMs, 0.5)}, ${percentile(latenciesMs, 0.99)}`;
    console.log(
      `| ${name ?? 'none'} | ${isAlive ? 'alive' : 'DEAD'} | ${asked} | ${failed} | ${wrong} | ${times} | ${peak} |`,
    );
    for (const mishap of mishaps) console.error(`  ${mishap}`);
    await delay(1000);
  }
} finally {
  await gate.stop();
  await limit.remove();
}
process.exitCode = isBroken ? 1 : 0;
