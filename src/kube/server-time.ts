import type { Transport } from './transport.ts';

/** Every client may ask for this, and it costs nothing. */
const PATH = '/version';

const TIMEOUT_MS = 10_000;

/**
 * The time of the API server, to the second; undefined where its answers carry none. Whoever makes certificates for it must
 * go by its clock: a machine whose own clock is wrong would make some that are not valid yet. Throws KubeError.
 */
export async function readServerTime(transport: Pick<Transport, 'send'>): Promise<Date | undefined> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const answer = await transport.send({ lane: 'calls', method: 'GET', path: PATH, signal, idleTimeoutMs: TIMEOUT_MS });
  await answer.body.dump();
  const time = new Date(answer.headers['date']?.toString() ?? '');
  return Number.isNaN(time.getTime()) ? undefined : time;
}
