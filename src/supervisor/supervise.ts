import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { EventReason } from '../orchestration/vocabulary/event-reasons.ts';
import { beginWork, endWork, judgeDeath, noSuspicions, type Suspicions, type Work } from '../quarantine/suspects.ts';
import { causeOf, type EndCause, isWorkBlamed, type ProcessEnd, restartDelayMs } from './ends.ts';
import type { FromEngine, ToEngine } from './messages.ts';

export interface SuperviseOptions {
  /** The program to fork, its arguments, and the arguments of Node. */
  readonly module: string;
  readonly args: readonly string[];
  readonly execArgv: readonly string[];
  /** Unique among all supervisors, present and past. */
  readonly identity: string;
  /** An engine that sends no message for this time is killed. */
  readonly stallSeconds: number;
  /** The maximum delay before the next engine starts. */
  readonly restartCapSeconds: number;
  readonly deathsToQuarantine: number;
  /** Milliseconds on a monotonic clock. */
  readonly now: () => number;
  readonly random: () => number;
  readonly log: Log;
  readonly observer: EngineObserver;
}

/** The methods must not throw. */
export interface EngineObserver {
  setUp(isUp: boolean): void;
  countRestart(cause: EndCause): void;
  setQuarantined(works: Iterable<Work>): void;
}

interface Log {
  info(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** An engine that is restarted whenever it ends. */
export interface SupervisedEngine {
  /** The reasons why the engine cannot work now, one sentence each. */
  unreadyReasons(): readonly string[];
  /** The metrics of the engine. '' if there is no engine, or if it does not answer within a second. */
  metrics(): Promise<string>;
  /** Lets the engine finish its work, for at most 20 s. No other engine starts. */
  stop(): Promise<void>;
}

/** An engine that ran this long was healthy, so the restart delay starts again at its minimum. */
const HEALTHY_MS = 60_000;
const TICK_MS = 1_000;
/**
 * Extra ticks for the start. A start is half a second of work, but took 40 s in a container with little CPU on a busy
 * node.
 */
const START_TICKS = 120;
const SCRAPE_MS = 1_000;
/** Less than the 30 s after which the kubelet kills the container. */
const DRAIN_MS = 20_000;

/**
 * Starts an engine now, and another one whenever an engine ends, until `stop`. The end of an engine never throws here.
 */
export function superviseEngine(options: SuperviseOptions): SupervisedEngine {
  const { identity, restartCapSeconds, deathsToQuarantine, now, random, log, observer } = options;
  const stopping = new AbortController();
  let suspicions: Suspicions = noSuspicions;
  let engine: ChildProcess | undefined;
  let unready: readonly string[] = ['the engine has not been started yet'];
  let scrape: PromiseWithResolvers<string> | undefined;

  async function run(): Promise<void> {
    for (let failures = 0; ; failures++) {
      const startedAt = now();
      const end = await live();
      if (stopping.signal.aborted) return;
      if (now() - startedAt >= HEALTHY_MS) failures = 0;
      const delayMs = restartDelayMs(failures, restartCapSeconds * 1_000, random);
      judge(end, delayMs);
      await delay(delayMs, undefined, { signal: stopping.signal }).catch(() => {});
      if (stopping.signal.aborted) return;
    }
  }

  /** Runs one engine from its start to its end. */
  async function live(): Promise<ProcessEnd> {
    const { suspects, quarantined } = suspicions;
    unready = ['the cluster has not been listed yet'];
    const child = fork(options.module, options.args, {
      execArgv: [...options.execArgv],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    engine = child;
    const ended = endOf(child);
    const watch = watchForStall(child, options.stallSeconds);
    child.on('message', (message) => {
      watch.hear();
      hear(message as FromEngine);
    });
    send({
      type: 'start',
      identity,
      suspects: [...suspects.values()].map(({ work }) => work),
      quarantined: [...quarantined.values()],
    });
    if (child.pid !== undefined) {
      log.info({ pid: child.pid, suspects: suspects.size, quarantined: quarantined.size }, 'engine started');
      observer.setUp(true);
    }
    const end = await ended;
    engine = undefined;
    scrape?.resolve('');
    observer.setUp(false);
    return { ...end, isStalled: watch.stop() };
  }

  function hear(message: FromEngine): void {
    if (message.type === 'begin') suspect(beginWork(suspicions, message.work));
    else if (message.type === 'end') suspect(endWork(suspicions, message.work));
    else if (message.type === 'listed') unready = message.lacking;
    else if (message.type === 'metrics') scrape?.resolve(message.text);
  }

  function suspect(next: Suspicions): void {
    if (next.quarantined !== suspicions.quarantined) observer.setQuarantined(next.quarantined.values());
    suspicions = next;
  }

  function judge(end: ProcessEnd, delayMs: number): void {
    const cause = causeOf(end);
    const { inWork, quarantined: before } = suspicions;
    suspect(judgeDeath(suspicions, isWorkBlamed(cause), deathsToQuarantine));
    unready = [`the engine ended (${cause}) and is started again in ${Math.ceil(delayMs / 1_000)} s`];
    observer.countRestart(cause);
    const { code, signal, error } = end;
    const fields = { cause, code, signal, inWork: [...inWork.keys()], delayMs: Math.round(delayMs) };
    log.error(error === undefined ? fields : { ...fields, error }, 'engine ended, starting another');
    for (const [id, { kind, key }] of suspicions.quarantined) {
      if (!before.has(id))
        log.error({ kind, key, reason: EventReason.EngineFault }, 'object quarantined: it crashes the engine');
    }
  }

  /**
   * A send to an engine that is ending fails. The error is ignored, because the end of the engine is handled anyway.
   */
  function send(message: ToEngine): void {
    if (engine?.connected) engine.send(message, () => {});
  }

  /** Concurrent scrapes share one request. */
  function ask(): PromiseWithResolvers<string> {
    const asked = Promise.withResolvers<string>();
    const overtime = setTimeout(() => asked.resolve(''), SCRAPE_MS);
    void asked.promise.then(() => {
      clearTimeout(overtime);
      scrape = undefined;
    });
    send({ type: 'scrape' });
    return asked;
  }

  const running = run();
  return {
    unreadyReasons: () => unready,
    async metrics() {
      if (engine === undefined) return '';
      scrape ??= ask();
      return scrape.promise;
    },
    async stop() {
      stopping.abort();
      unready = ['shutting down'];
      send({ type: 'stop' });
      const overtime = setTimeout(() => engine?.kill('SIGKILL'), DRAIN_MS);
      await running;
      clearTimeout(overtime);
    },
  };
}

/** Resolves when the process has ended and all its messages have arrived. */
async function endOf(child: ChildProcess): Promise<Omit<ProcessEnd, 'isStalled'>> {
  // Node also emits `error` if a message or a signal cannot be delivered. `exit` follows in that case.
  const failed = new Promise<Error>((resolve) => child.on('error', resolve));
  if (child.pid === undefined) return { code: null, signal: null, error: await failed };
  await new Promise((resolve) => child.once('exit', resolve));
  if (child.connected) await once(child, 'disconnect');
  return { code: child.exitCode, signal: child.signalCode };
}

/** Kills a process that is silent for too long. It counts its own ticks, because a paused container stops those too. */
function watchForStall(child: ChildProcess, stallSeconds: number) {
  let silentTicks = -START_TICKS;
  const ticking = setInterval(() => {
    silentTicks++;
    if (silentTicks >= stallSeconds) child.kill('SIGKILL');
  }, TICK_MS);
  return {
    hear: () => {
      silentTicks = 0;
    },
    /** Returns true if the process was killed. */
    stop: () => {
      clearInterval(ticking);
      return silentTicks >= stallSeconds;
    },
  };
}
