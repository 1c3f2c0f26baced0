import { statSync } from 'node:fs';
import type { Replica } from '../../test/faults/replica.ts';
import { USER } from '../engines/stage.ts';
import { cpuSeconds, readBytes, residentBytes, withChildren } from '../usage.ts';
import { readCalls } from './calls.ts';

const MIB = 1024 * 1024;

/** What replicas used in a period. Lists have one number for each replica, in the order in which they were started. */
export interface Usage {
  readonly seconds: number;
  /** Of all processes of the replica, at the end. */
  readonly residentMib: readonly number[];
  readonly cpuPercent: readonly number[];
  /** What the replica read: watches, and answers to its calls. */
  readonly kilobytesPerSecond: readonly number[];
  /** Of all replicas together. */
  readonly callsPerSecond: number;
  readonly callsByVerb: Readonly<Record<string, number>>;
}

/** Measures replicas while `during` runs. No replica may end in this time. */
export async function measureUsage(
  replicas: readonly Replica[],
  auditLog: string,
  during: () => Promise<unknown>,
): Promise<Usage> {
  const sample = () => ({
    atMs: performance.now(),
    from: statSync(auditLog).size,
    each: replicas.map(pidsOf).map((pids) => ({ cpu: cpuSeconds(pids), bytes: readBytes(pids) })),
  });
  const before = sample();
  await during();
  const after = sample();
  const seconds = (after.atMs - before.atMs) / 1000;
  const rates = after.each.map(({ cpu, bytes }, index) => ({
    cpu: cpu - (before.each[index]?.cpu ?? 0),
    bytes: bytes - (before.each[index]?.bytes ?? 0),
  }));
  const { byVerb: callsByVerb } = await readCalls(auditLog, { from: before.from, to: after.from }, USER);
  const calls = Object.values(callsByVerb).reduce((sum, count) => sum + count, 0);
  return {
    seconds,
    residentMib: replicas.map(readResidentMib),
    cpuPercent: rates.map(({ cpu }) => (100 * cpu) / seconds),
    kilobytesPerSecond: rates.map(({ bytes }) => bytes / seconds / 1000),
    callsPerSecond: calls / seconds,
    callsByVerb,
  };
}

/** Reads the memory of all processes of a replica. */
export function readResidentMib(replica: Replica): number {
  return residentBytes(pidsOf(replica)) / MIB;
}

function pidsOf({ pid }: Replica): readonly number[] {
  const first = pid();
  return first === null ? [] : withChildren(first);
}
