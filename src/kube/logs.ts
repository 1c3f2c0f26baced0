import { StringDecoder } from 'node:string_decoder';
import { asRecord } from '../orchestration/decode.ts';
import { KubeErrorReason } from '../orchestration/vocabulary/kube-error-reasons.ts';
import { type CallerOptions, createCaller } from './calls.ts';
import { type CallOptions, createKubeClient } from './client.ts';
import { KubeError } from './errors.ts';
import { PODS } from './kinds.ts';
import { sleep } from './ports.ts';
import { type Backoff, backoffMs } from './retry.ts';
import { errorFromFailure } from './transport.ts';

export interface ContainerName {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
}

export interface LogOptions extends CallOptions {
  /** Waits for more lines until the container has ended, even across long interruptions. */
  readonly follow?: boolean;
  /** Reads the log of the container before its last restart. */
  readonly previous?: boolean;
  /** Leaves out older lines. RFC 3339, to the second. */
  readonly sinceTime?: string;
  /** Begins this many lines before the end. */
  readonly tailLines?: number;
  /** Begins each line with its time (RFC 3339, nanoseconds) and a space. */
  readonly timestamps?: boolean;
  /** Called if the log cannot be opened again, before each further attempt. */
  readonly onTrouble?: (reason: KubeErrorReason) => void;
}

/** The waits between attempts to open a log again. */
const BACKOFF: Backoff = { baseMs: 500, capMs: 5_000 };
/** A log that is not followed has failed after this many retries in a row without a new line. */
const MOST_FAILURES = 4;
/** A stream that ends sooner, and without a line, has failed. */
const SHORT_MS = 1_000;
/** A log that is silent for this long is opened again, because its connection may be dead. */
const IDLE_MS = 5 * 60_000;
/** In UTF-16 units. A longer line comes in pieces, so that no line fills the memory. */
const LONGEST_LINE = 1024 * 1024;

/** Returns a function that reads logs. Yields lines without line ends, in bounded memory, and throws only KubeError. */
export function createLogReader(options: CallerOptions) {
  const { timing } = options;
  const { stream } = createCaller(options);
  const client = createKubeClient(options);

  /** Opens the log once. */
  async function* open({ namespace, pod, container }: ContainerName, log: LogOptions, sinceTime: string | undefined) {
    const { follow, previous, tailLines, signal } = log;
    // A log that is opened again begins where it broke.
    const from = sinceTime === undefined ? { tailLines, sinceTime: log.sinceTime } : { sinceTime };
    const query = { container, follow, previous, timestamps: true, ...from };
    const target = { namespace, name: pod };
    const body = await stream({ verb: 'get', resource: PODS, target, subresource: 'log', query, signal }, IDLE_MS);
    try {
      yield* readLogLines(body);
    } catch (error) {
      throw errorFromFailure(error, signal);
    }
  }

  /**
   * Whether the container writes no more lines. Also true if the client may not read the pod: the log is then complete
   * at the end of the stream.
   */
  async function hasEnded({ namespace, pod, container }: ContainerName, signal?: AbortSignal): Promise<boolean> {
    try {
      const { status } = await client.get(PODS, { namespace, name: pod }, signal === undefined ? {} : { signal });
      const { phase, containerStatuses } = asRecord(status);
      const states = Array.isArray(containerStatuses) ? containerStatuses.map(asRecord) : [];
      const { state } = states.find(({ name }) => name === container) ?? {};
      return phase === 'Succeeded' || phase === 'Failed' || asRecord(state)['terminated'] !== undefined;
    } catch (error) {
      if (isAbsence(error) || (error as KubeError).reason === KubeErrorReason.Forbidden) return true;
      throw error;
    }
  }

  /** Yields the new lines of one stream. Returns how the stream ended. */
  async function* readOnce(name: ContainerName, log: LogOptions, progress: Progress): AsyncGenerator<string, End> {
    try {
      const isLast = !log.follow || (await hasEnded(name, log.signal));
      for await (const chunk of open(name, log, progress.reopen())) yield* takeNew(chunk, log, progress, isLast);
      return isLast ? 'Complete' : 'Ended';
    } catch (error) {
      // The pod was deleted while its log was read.
      return isAbsence(error) && progress.lines() > 0 ? 'Complete' : (error as KubeError);
    }
  }

  /** Waits before a log is opened again. Throws if it must not be opened again. */
  async function recover(end: KubeError | 'Ended', failures: number, log: LogOptions): Promise<void> {
    if (end !== 'Ended') {
      if (!end.isTransient || (log.follow !== true && failures >= MOST_FAILURES)) throw end;
      if (failures > 0) log.onTrouble?.(end.reason);
    }
    const retryAfterMs = end === 'Ended' ? 0 : (end.retryAfterMs ?? 0);
    await sleep(timing, retryAfterMs + backoffMs(BACKOFF, failures, timing), log.signal ?? neverAborted);
  }

  /**
   * Reads the log of a container. If the stream breaks, the log is opened again where it broke. The times of the lines
   * ensure that no line is yielded twice, and that no line is lost that the node still has. A stream may also break
   * without an error. So a log that is followed is complete only if its container ended before the stream was opened.
   */
  return async function* readLog(name: ContainerName, log: LogOptions = {}): AsyncGenerator<string, void> {
    const progress = createProgress();
    for (let failures = 0; ; failures++) {
      const [before, openedAt] = [progress.lines(), timing.now()];
      const end = yield* readOnce(name, log, progress);
      if (end === 'Complete') return;
      if (progress.lines() > before || timing.now() - openedAt >= SHORT_MS) failures = 0;
      await recover(end, failures, log);
    }
  };
}

const neverAborted = new AbortController().signal;

function isAbsence(error: unknown): boolean {
  return error instanceof KubeError && error.reason === KubeErrorReason.NotFound;
}

/** Returns the lines that have not been read. Leaves out a line that is cut off: the next stream repeats it. */
function takeNew({ lines, isCutOff }: Chunk, { timestamps }: LogOptions, progress: Progress, isLast: boolean) {
  const fresh = isCutOff && !isLast ? [] : lines.filter((line) => progress.take(line));
  return timestamps ? fresh : fresh.map(withoutTime);
}

/** How a stream ended. `Ended`: without an error, but the container may write more. */
type End = 'Complete' | 'Ended' | KubeError;

type Progress = ReturnType<typeof createProgress>;

/**
 * Remembers how far a log has been read. The API takes times to the second, so a log that is opened again repeats lines:
 * those with an earlier time than the last, and as many with the same time as were read.
 */
function createProgress() {
  let last = '';
  let sinceTime: string | undefined;
  let lines = 0;
  /** How many lines with the last time were read, and how many of them the stream has repeated. */
  let read = 0;
  let repeated = 0;
  let isRepeating = false;
  let isTaken = true;

  function isNew(time: string): boolean {
    if (time > last) {
      last = time;
      read = 1;
      isRepeating = false;
      return true;
    }
    // Standard output and standard error may be a little out of order.
    if (!isRepeating) {
      if (time === last) read++;
      return true;
    }
    if (time !== last || ++repeated <= read) return false;
    read = repeated;
    isRepeating = false;
    return true;
  }

  return {
    /** How many lines have been taken. */
    lines: () => lines,
    /** Begins to read from a stream. Returns the time to ask for; undefined if nothing has been read. */
    reopen() {
      repeated = 0;
      isRepeating = sinceTime !== undefined;
      return sinceTime;
    },
    /** Whether a line has not been read before. A line without a time is the rest of the one before it. */
    take(line: string): boolean {
      const time = readTime(line);
      if (time !== undefined) {
        isTaken = isNew(time.key);
        if (time.key === last) sinceTime = time.second;
      }
      if (isTaken) lines++;
      return isTaken;
    },
  };
}

const TIME = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d) /;

/** The time at the start of a line, as a text that sorts by time, and in the form that the API takes. */
function readTime(line: string): { readonly key: string; readonly second: string } | undefined {
  const [, clock, fraction = '', zone] = TIME.exec(line) ?? [];
  if (clock === undefined) return undefined;
  const second = `${clock}${zone}`;
  return { key: `${String(Date.parse(second)).padStart(16, '0')}.${fraction.padEnd(9, '0')}`, second };
}

function withoutTime(line: string): string {
  return line.replace(TIME, '');
}

/** Lines without line ends. */
interface Chunk {
  readonly lines: readonly string[];
  /** The stream ended within its only line. */
  readonly isCutOff: boolean;
}

/** Yields the lines of a log, chunk by chunk. A line that is too long comes in pieces. */
export async function* readLogLines(
  stream: AsyncIterable<Uint8Array>,
  longest = LONGEST_LINE,
): AsyncGenerator<Chunk, void> {
  const decoder = new StringDecoder('utf8');
  let partial = '';
  for await (const chunk of stream) {
    const lines = (partial + decoder.write(chunk)).split('\n');
    partial = lines.pop() ?? '';
    if (partial.length >= longest) {
      lines.push(partial);
      partial = '';
    }
    yield { lines, isCutOff: false };
  }
  partial += decoder.end();
  if (partial !== '') yield { lines: [partial], isCutOff: true };
}
