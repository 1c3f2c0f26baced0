import { readFileSync, writeFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { answerReview, type Webhook } from '../../src/admission/answer.ts';
import { parseBody, TooHeavy } from '../../src/admission/json.ts';
import { decodeReview, encodeReview } from '../../src/admission/review.ts';
import { defaultSettings } from '../../src/orchestration/settings.ts';

/** What a body costs: the use of the process so far, as Linux counts it. */
export interface Cost {
  /** `heavy`: it was weighed, and not parsed. */
  readonly verdict: string;
  /** Resident before the body was looked at, but with its bytes. */
  readonly baseMebibytes: number;
  /** The most that was resident while the text was parsed, and in the end. */
  readonly parsedMebibytes: number;
  readonly peakMebibytes: number;
  /** Of this thread's processor time, which other processes do not take from. */
  readonly parseMs: number;
  readonly decideMs: number;
  /** What deciding allocated: exact if nothing was collected, which a large enough young generation ensures. */
  readonly allocatedMebibytes: number;
}

const MEBIBYTE = 1024 * 1024;
const bounds = { isOverloaded: false, isPastDeadline: () => false };

/** Parses a body, decides and writes the answer, as the server does. */
function answer(webhook: Webhook, body: Buffer): Cost {
  const baseMebibytes = readMebibytes('VmRSS');
  writeFileSync('/proc/self/clear_refs', '5'); // forgets the peak so far
  const startedAt = threadMs();
  const parsed = parseBody(body);
  const parsedAt = threadMs();
  const parsedMebibytes = readMebibytes('VmHWM');
  const heapBytes = process.memoryUsage().heapUsed;
  const decidedFrom = threadMs();
  const verdict = parsed instanceof TooHeavy ? 'heavy' : decide(webhook, parsed);
  return {
    verdict,
    baseMebibytes,
    parsedMebibytes,
    peakMebibytes: readMebibytes('VmHWM'),
    parseMs: parsedAt - startedAt,
    decideMs: threadMs() - decidedFrom,
    allocatedMebibytes: (process.memoryUsage().heapUsed - heapBytes) / MEBIBYTE,
  };
}

function decide(webhook: Webhook, parsed: unknown): string {
  const { uid = '', request } = decodeReview(parsed);
  if (request === undefined) throw new Error('the body is no review');
  const { verdict, response, fault } = answerReview(webhook, request, defaultSettings, bounds);
  if (fault !== undefined) throw new Error('the gate has met a fault of its own', { cause: fault });
  JSON.stringify(encodeReview(uid, response));
  return verdict;
}

function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

function readMebibytes(field: 'VmRSS' | 'VmHWM'): number {
  const [, kibibytes] =
    new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return Number(kibibytes) / 1024;
}

setFlagsFromString('--expose-gc');
const collectGarbage: NodeJS.GCFunction = runInNewContext('gc');
const webhook = process.argv[2] as Webhook;
const small =
  '{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u","operation":"CREATE"}}';
for (let round = 0; round < 100; round++) answer(webhook, Buffer.from(small));
const body = await buffer(process.stdin);
collectGarbage();
process.stdout.write(JSON.stringify(answer(webhook, body)));
