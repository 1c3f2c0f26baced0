import type { Log, Timing } from '../kube/ports.ts';
import { CloudEventType } from './cloud-event.ts';
import { createDelivery, type DeliveryObserver } from './delivery.ts';
import { createNews } from './news.ts';
import type { Message, Post } from './post.ts';
import type { ReportedRun } from './reported-run.ts';
import { type Span, traceOf } from './trace.ts';

/** A receiver: how to send to it, and the observer that counts the messages for it. */
export interface Receiver {
  /** For the log. */
  readonly name: string;
  readonly post: Post;
  readonly observer: DeliveryObserver;
}

export interface ReceiversOptions {
  /** The receiver of traces, and how a trace is written for it. */
  readonly traces?: Receiver & { readonly encode: (spans: readonly Span[]) => Message };
  readonly events?: Receiver;
  /** Milliseconds since 1970 on the API server's clock. */
  readonly now: () => number;
  readonly timing: Timing;
  readonly log: Log;
}

export interface Receivers {
  /** Adds what is new about a run to the queues. Call it with any state of a run, as often as you like. */
  readonly report: (run: ReportedRun) => void;
  /** Whether the end of the run with this uid is in the queues, or was. */
  readonly hasReportedEnd: (uid: string) => boolean;
  /** Whether there is room for much more. */
  readonly haveRoom: () => boolean;
  /** Sends the waiting messages until an attempt fails or the time is over. */
  readonly stop: (withinMs: number) => Promise<void>;
}

/** The memory that the messages for one receiver may take: some 20,000 events, or as many traces of ten steps. */
const MOST_BYTES = 16 * 1024 * 1024;

/** Connects what is new about runs to the queues of the receivers. */
export function createReceivers({ traces, events, now, timing, log }: ReceiversOptions): Receivers {
  const news = createNews(now);
  const deliver = ({ name, post, observer }: Receiver) =>
    createDelivery({ receiver: name, post, observer, mostBytes: MOST_BYTES, timing, log });
  const toEvents = events && deliver(events);
  const toTraces = traces && deliver(traces);
  const deliveries = [toEvents, toTraces].filter((delivery) => delivery !== undefined);
  return {
    report(run) {
      for (const event of news.take(run)) {
        toEvents?.add({ body: JSON.stringify(event), contentType: 'application/cloudevents+json' });
        if (event.type === CloudEventType.Ended && traces) toTraces?.add(traces.encode(traceOf(run)));
      }
    },
    hasReportedEnd: news.isOver,
    haveRoom: () => deliveries.every((delivery) => delivery.hasRoom()),
    stop: async (withinMs) => {
      await Promise.all(deliveries.map((delivery) => delivery.stop(withinMs)));
    },
  };
}
