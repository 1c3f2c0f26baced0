import { displayText } from '../../dag/display.ts';
import { KubeErrorReason } from '../../orchestration/vocabulary/kube-error-reasons.ts';
import type { Ports } from '../command.ts';
import { describeFailure } from './failure.ts';
import type { FoundLogs, LogSource } from './find-logs.ts';
import { keepLooking } from './keep-looking.ts';
import { type LogStyle, writeLine, writePrefix } from './log-lines.ts';
import { type ApiFailure, type Cluster, isApiFailure, type LogChoice } from './port.ts';

/** The most logs that are followed at once. Others wait for their turn. */
const MOST_STREAMS = 50;

export interface LogReading {
  readonly cluster: Cluster;
  readonly look: () => Promise<FoundLogs>;
  readonly choice: LogChoice;
  readonly style: LogStyle;
  /** The label whose lines need no prefix, because no other step was asked for. */
  readonly unnamed: string | undefined;
  /** The kubectl command that reads the log of a source. */
  readonly describe: (source: LogSource) => string;
  readonly ports: Pick<Ports, 'screen' | 'clock'>;
  /** Reports a sentence. The same sentence is reported only once. */
  readonly note: (sentence: string) => void;
}

/**
 * How many logs were read. If not `isComplete`, a log is lost or does not exist. If `hasFailed`, a log could not be
 * read.
 */
export interface LogsRead {
  readonly count: number;
  readonly isComplete: boolean;
  readonly hasFailed: boolean;
}

/**
 * Writes the logs of a run, step by step. If they are followed, writes all at once, until the run is over and each log
 * has ended. Ends early if nobody reads the output. Throws ApiFailure if the run cannot be read at first.
 */
export async function readLogs(reading: LogReading): Promise<LogsRead> {
  const { look, choice, note, ports } = reading;
  const isFollowed = choice.follow === true;
  const streams = openStreams(reading);
  let isComplete = true;
  try {
    for await (const found of keepLooking(look, ports.clock, note)) {
      await streams.start(found.sources);
      for (const { sentence, mayCome } of found.lacks)
        note(mayCome && isFollowed ? `${sentence}; waiting for it` : sentence);
      isComplete &&= found.lacks.every(({ mayCome }) => mayCome);
      if (found.isOver || !isFollowed || streams.isLeft()) break;
    }
  } catch (error) {
    streams.leave();
    throw error;
  } finally {
    await streams.ended();
  }
  return { ...streams.outcome(), isComplete };
}

/** Manages the logs that are being read. One that cannot be read does not stop the others. */
function openStreams(reading: LogReading) {
  const leaving = new AbortController();
  const started = new Set<string>();
  const streams = new Set<Promise<void>>();
  let hasFailed = false;
  let width = 0;

  async function write(source: LogSource, index: number): Promise<void> {
    const { unnamed, style } = reading;
    const prefix = source.label === unnamed ? '' : writePrefix(source.label, index, width, style);
    try {
      if (!(await writeLog(reading, source, prefix, leaving.signal))) leaving.abort();
    } catch (error) {
      if (!isApiFailure(error)) throw error;
      if (leaving.signal.aborted) return;
      hasFailed = true;
      reading.note(`${displayText(source.label)}: ${explainFailure(error)}`);
    }
  }

  async function start(source: LogSource): Promise<void> {
    const key = `${source.pod}/${source.container}`;
    if (started.has(key) || leaving.signal.aborted) return;
    const stream = write(source, started.size).finally(() => streams.delete(stream));
    started.add(key);
    streams.add(stream);
    if (streams.size >= (reading.choice.follow === true ? MOST_STREAMS : 1)) await Promise.race(streams);
  }

  return {
    /** Starts to write logs, each once. Resolves when more can start. */
    async start(sources: readonly LogSource[]): Promise<void> {
      width = Math.max(width, ...sources.map(({ label }) => displayText(label).length));
      for (const source of sources) await start(source);
    },
    /** Ends all of them. */
    leave: () => leaving.abort(),
    /** Whether nobody reads any more. */
    isLeft: () => leaving.signal.aborted,
    ended: () => Promise.all(streams),
    outcome: () => ({ count: started.size, hasFailed }),
  };
}

/** Writes the log of a source. Returns false if nobody reads it any more. */
async function writeLog(
  { cluster, choice, style, describe, ports: { screen }, note }: LogReading,
  source: LogSource,
  prefix: string,
  signal: AbortSignal,
): Promise<boolean> {
  const { label, namespace, pod, container } = source;
  note(`${displayText(label)}: ${describe(source)}`);
  const onTrouble = (reason: KubeErrorReason) =>
    note(`${displayText(label)}: cannot follow the log (${reason}), trying again`);
  for await (const line of cluster.followLog(namespace, pod, container, { ...choice, onTrouble, signal })) {
    screen.write(writeLine(prefix, line, style));
    if (!(await screen.drained())) return false;
  }
  return true;
}

/** Returns the words of the API server, and what to ask for. */
export function explainFailure(failure: ApiFailure): string {
  const words = describeFailure(failure).join('; ');
  if (failure.reason === KubeErrorReason.NotFound) return `the pod is gone, and its log with it (${words})`;
  if (failure.reason !== KubeErrorReason.Forbidden) return words;
  return `${words}: logs need the verbs get on orchestrationruns, agentruns, toolruns, pods and pods/log, and list on pods`;
}
