import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { CloudEvent } from '../../src/telemetry/cloud-event.ts';
import { type ReceivedSpan, readOtlp } from './otlp.ts';

/** A receiver of traces and events, which takes all of them unless it is told otherwise. */
export interface TelemetryReceiver {
  readonly url: string;
  /** How it answers from now on: a status, or nothing at all. What it answers other than 200 is not kept. */
  answer: number | 'nothing';
  /** How many requests it did not take. */
  readonly refused: () => number;
  /** The events about a run that it has taken, in order. */
  readonly eventsOf: (run: string) => readonly CloudEvent[];
  /** The spans of a run that it has taken, in order. */
  readonly spansOf: (run: string) => readonly ReceivedSpan[];
  readonly stop: () => void;
}

export async function startReceiver(): Promise<TelemetryReceiver> {
  const events: CloudEvent[] = [];
  const traces: (readonly ReceivedSpan[])[] = [];
  let refused = 0;
  const server = createServer((request, response) => void receive(request, response));

  async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request);
    if (receiver.answer !== 200) refused++;
    if (receiver.answer === 'nothing') return;
    if (receiver.answer === 200 && request.url === '/v1/traces') traces.push(readOtlp(body).spans);
    if (receiver.answer === 200 && request.url === '/events') events.push(JSON.parse(body.toString()));
    response.writeHead(receiver.answer).end();
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const receiver: TelemetryReceiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answer: 200,
    refused: () => refused,
    eventsOf: (run) => events.filter(({ source }) => source.endsWith(`/${run}`)),
    spansOf: (run) => traces.filter(([root]) => root?.attributes['orchestration_gate.run.name'] === run).flat(),
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
  return receiver;
}
