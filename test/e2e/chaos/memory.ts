import { estimateSlope, type Sample } from '../../support/slope.ts';
import { podNames, readMetric } from '../breakage.ts';
import type { Release } from '../release.ts';

const processes = [
  { role: 'gate', port: 8080, prefix: '' },
  { role: 'supervisor', port: 8081, prefix: '' },
  { role: 'engine', port: 8081, prefix: 'orchestration_gate_engine_' },
] as const;

/** A process grows while it starts, and until its code is compiled. */
const YOUNG_SECONDS = 600;

export type Role = (typeof processes)[number]['role'];

/** The resident memory of a process, in MiB; `at` in hours. */
export interface MemorySample extends Sample {
  readonly role: Role;
  readonly isYoung: boolean;
}

/** The memory of every process that answers. A process that was restarted counts as another one. */
export async function sampleMemory(release: Release): Promise<readonly MemorySample[]> {
  const pods = await podNames(release).catch(() => []);
  const samples = pods.flatMap((pod) =>
    processes.map(async ({ role, port, prefix }): Promise<MemorySample | undefined> => {
      const read = (name: string) => readMetric(release, pod, port, `${prefix}process_${name}`).catch(() => undefined);
      const [bytes, startedAt] = await Promise.all([read('resident_memory_bytes'), read('start_time_seconds')]);
      if (bytes === undefined) return undefined;
      const ageSeconds = Date.now() / 1000 - (startedAt ?? 0);
      const sample = { of: `${pod} ${startedAt}`, at: Date.now() / 3_600_000, value: bytes / 2 ** 20 };
      return { ...sample, role, isYoung: ageSeconds < YOUNG_SECONDS };
    }),
  );
  return (await Promise.all(samples)).filter((sample) => sample !== undefined);
}

/** The memory in use now, the most of each role: `gate 90 MiB`. */
export function describeMemory(samples: readonly MemorySample[]): string {
  const most = (role: Role) => Math.max(0, ...samples.filter((one) => one.role === role).map(({ value }) => value));
  return processes.map(({ role }) => `${role} ${most(role).toFixed(0)} MiB`).join(', ');
}

/** How memory grows, without the first ten minutes of each process: `gate 0.1 ± 0.2 MiB/h of 40 samples`. */
export function describeGrowth(samples: readonly MemorySample[]): readonly string[] {
  return processes.map(({ role }) => {
    const grown = samples.filter((one) => one.role === role && !one.isYoung);
    const { perTime, standardError } = estimateSlope(grown);
    return `${role}: ${perTime.toFixed(1)} ± ${standardError.toFixed(1)} MiB an hour, ${grown.length} samples`;
  });
}
