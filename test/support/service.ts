import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { pipeline } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { isAnswering } from './controlplane/network.ts';
import type { Gate } from './gate.ts';

/** One address for several gates, as a Service is. */
export interface GateService {
  readonly url: string;
  /** Whether new connections are sent to this gate now. */
  readonly isServedBy: (gate: Gate) => boolean;
  readonly close: () => void;
}

/** How often a gate is asked whether it is ready. */
const probeMilliseconds = 100;

/**
 * Opens an address of 127.0.0.1 whose connections go to the gates in turn. Like a Service, it sends new connections
 * only to gates that were ready when last asked, leaves established connections alone, and ends those that no gate can
 * take.
 */
export async function startGateService(gates: readonly Gate[]): Promise<GateService> {
  const ready = new Set<Gate>();
  const server = createServer((client) => {
    const [next] = ready;
    if (next === undefined) return client.destroy();
    ready.delete(next);
    ready.add(next); // it comes last now
    const { hostname: host, port } = new URL(next.url);
    const upstream = connect({ host, port: Number(port) });
    pipeline(client, upstream, client, () => {}); // the side that ends or breaks first ends the other
    return undefined;
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');

  async function probe(gate: Gate): Promise<void> {
    if (!(await isAnswering(`${gate.sideUrl}/readyz`))) ready.delete(gate);
    else if (!ready.has(gate)) ready.add(gate);
  }
  async function keepProbing(gate: Gate): Promise<void> {
    while (server.listening) {
      await delay(probeMilliseconds, undefined, { ref: false });
      await probe(gate);
    }
  }
  await Promise.all(gates.map(probe));
  for (const gate of gates) void keepProbing(gate);

  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    isServedBy: (gate) => ready.has(gate),
    close: () => server.close(),
  };
}
