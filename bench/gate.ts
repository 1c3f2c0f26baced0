import { measureCreates } from './gate/creates.ts';
import { buildGoWebhook } from './gate/go-webhook.ts';
import {
  type Certificates,
  findCores,
  type Load,
  makeCertificates,
  readMetric,
  type Server,
  startBare,
  startGate,
  startLoad,
  startProgram,
} from './gate/processes.ts';
import { expressionReview, mixedReview, sampleReview } from './gate/reviews.ts';
import type { Budget } from './table.ts';
import { type Contest, type Effort, type Section, takeTurns } from './turns.ts';

const CONNECTIONS = 16;
/** In about one start of seven, V8 lets the heap grow by 16 MiB more before it collects garbage. */
const MEMORY_STARTS = 5;
const MIB = 1024 * 1024;

/** Measures the gate as a server. */
export async function benchGate({ rounds, milliseconds }: Effort): Promise<Section> {
  const cores = findCores();
  await using certificates = await makeCertificates();
  await using load = startLoad(cores.load);
  const bench = { certificates, load, cores };
  // Many short turns, because noise that lasts longer than a pair of turns does not change the ratio of the pair.
  const throughput = await measureThroughput(bench, { rounds: 3 * rounds, milliseconds: 1.5 * milliseconds });
  const memory = await measureMemory(bench, 500 * milliseconds);
  const start = await takeTurns([startContest(certificates)], rounds);
  const creates = await measureCreates(certificates, { rotations: 5 * milliseconds, pairs: 10 * milliseconds });
  return {
    rows: [...throughput.rows, ...memory.rows, ...start, ...creates],
    notes: [
      ...throughput.notes,
      ...memory.notes,
      'Programs have the memory allocator as the image sets it, one heap of glibc for all threads: measured apart on 2026-11-29, memory was 137 MiB after each 25,000 up to 100,000 then, and 164 MiB after 50,000 without it.',
      'Creates are of 20 steps, in turn before the gate, before bare Fastify, and with no webhook; API server, etcd, programs and client share all cores. Steps that declare what they wait for are asked about once; of others the defaulting webhook is asked too. What the gate adds is the call of a webhook: bare Fastify adds as much.',
      'Paired creates go before the gate and before bare Fastify one right after the other, with the first of a pair changing; their objects are deleted after each pair. The ratio is the median of the pairs’ ratios; in brackets is its 95 % interval by the bootstrap (2,000 resamples of the pairs).',
      'The Go webhook is controller-runtime’s admission server v0.25.2 with a handler that decodes the object and runs Tekton’s `dag.Build` v1.9.0: bench/gate/webhook. It has controller-runtime’s metrics and writes no log; the gate writes a line for each review.',
    ],
  };
}

interface Bench {
  readonly certificates: Certificates;
  readonly load: Load;
  readonly cores: ReturnType<typeof findCores>;
}

/** Measures reviews a second over 16 connections. Each connection sends again as soon as it has its answer. */
async function measureThroughput(
  { certificates, load, cores }: Bench,
  { rounds, milliseconds }: Effort,
): Promise<Section> {
  await using gate = await startGate(certificates, cores.server);
  await using bare = await startBare(certificates, cores.server);
  await using silent = await startBare(certificates, cores.server, '--silent');
  const program = await buildGoWebhook();
  await using go = program === undefined ? undefined : await startProgram(program, certificates, cores.server);
  let busy = 0;
  const contests = [20, 1000].flatMap((steps) => {
    const samples = Array.from({ length: CONNECTIONS }, (_, index) => sampleReview(steps, index));
    const reading = Array.from({ length: CONNECTIONS }, (_, index) => expressionReview(steps, index));
    const side = async ({ port }: Server, reviews = samples) => {
      const result = await load.send({ port, ca: certificates.ca, samples: reviews, milliseconds });
      busy = Math.max(busy, result.busy);
      return result.perSecond;
    };
    const contest = (against: string, other: Server | undefined, budget: Budget): Contest => ({
      row: { what: `gate: reviews of ${steps} steps`, unit: '/s', against, budget },
      ours: () => side(gate),
      other: other && (() => side(other)),
    });
    return [
      contest('Go webhook that runs dag.Build', go, { minRatio: 1 }),
      contest('bare Fastify, same log and metrics', bare, {}),
      contest('bare Fastify, silent', silent, {}),
      {
        row: {
          ...{ what: `gate: reviews of ${steps} steps with ${steps} expressions`, unit: '/s' },
          ...{ against: 'without expressions', budget: {} },
        },
        ours: () => side(gate, reading),
        other: () => side(gate),
      },
    ];
  });
  const rows = await takeTurns(contests, rounds);
  const shared = cores.areTwo
    ? 'a core each'
    : 'no core of their own (no taskset, or one core), which flatters the ratios';
  const notes = [
    `Reviews go over ${CONNECTIONS} TLS connections, in ${rounds} rounds of ${milliseconds} ms, the gate’s log to the null device; server and load had ${shared}, and the load was busy for ${Math.round(busy * 100)} % of its time at most.`,
    'Bare Fastify has default options, parses, and allows: bench/gate/bare.ts.',
    'At 20 steps, by leaving out one part after the other, half of the gate’s CPU time is what bare Fastify spends on TLS, HTTP and JSON, three tenths are the decision, a fifth is the line of log with the metrics, and the bounds for bytes and connections are the small rest. The decision takes about four times as long there as in a loop, because the rest of a review replaces its code and data in the caches of the processor.',
    'Node reads and answers reviews on one core, and so does the Go webhook here. The gate judges all its rules and writes a line of log for each review, and the Go webhook does neither.',
    'At 1,000 steps a body comes in several pieces and waits for its turn, so that nobody who sends many delays the others; where a core is full, that takes about a third. A review that meets an idle gate does not wait.',
  ];
  return { rows, notes };
}

/** Memory of one process in MiB: `other` after half of the answers, and `ours` after all. */
interface Start {
  readonly other: number;
  readonly ours: number;
}

/** Measures memory in several starts. The row is about the start with the median memory at the end. */
async function measureMemory(bench: Bench, answers: number): Promise<Section> {
  const starts: Start[] = [];
  for (let start = 0; start < MEMORY_STARTS; start++) starts.push(await measureStart(bench, answers));
  starts.sort((a, b) => a.ours - b.ours);
  const [all, half] = [answers, answers / 2].map((count) => count.toLocaleString('en-US'));
  const budget = { max: 150, maxAdded: 5 };
  const what = `gate: resident memory after ${all} reviews`;
  const asText = starts.map(({ ours, other }) => `${other.toFixed(0)} to ${ours.toFixed(0)}`).join(', ');
  return {
    rows: [{ what, unit: 'MiB', against: `after ${half}`, ...(starts[(MEMORY_STARTS - 1) / 2] as Start), budget }],
    notes: [
      `Memory is what the system says just after the last answer, of the start in the middle of ${MEMORY_STARTS}, in MiB: ${asText}. Of the reviews one in sixteen has 1,000 steps, one a loop, and the others 20 steps.`,
    ],
  };
}

/** The gate has all cores, as in a pod without a limit. On one core, V8's background collection would have to wait. */
async function measureStart({ certificates, load }: Bench, answers: number): Promise<Start> {
  await using gate = await startGate(certificates);
  const samples = Array.from({ length: CONNECTIONS }, (_, index) => mixedReview(index));
  const sendHalf = async () => {
    await load.send({ port: gate.port, ca: certificates.ca, samples, answers: answers / 2 });
    return (await readMetric(gate, 'process_resident_memory_bytes')) / MIB;
  };
  return { other: await sendHalf(), ours: await sendHalf() };
}

function startContest(certificates: Certificates): Contest {
  const ours = async () => {
    await using gate = await startGate(certificates);
    return gate.startMs;
  };
  return { row: { what: 'gate: from exec to its first answer', unit: 'ms', budget: { max: 1000 } }, ours };
}
