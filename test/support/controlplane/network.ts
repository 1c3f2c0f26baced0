import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { get as getHttp } from 'node:http';
import { get as getHttps } from 'node:https';
import { createServer, type Server } from 'node:net';

// Below the ports for outgoing connections (from 32768 on Linux, from 49152 on macOS), so that a killed component finds
// its port free when it starts again; and below 30000, where NodePorts begin.
const lowestPort = 20_000;
const highestPort = 29_999;

/** Finds `count` different TCP ports of 127.0.0.1 on which nobody listens. */
export async function findFreePorts(count: number): Promise<number[]> {
  const held = new Map<number, Server>();
  while (held.size < count) {
    const port = randomInt(lowestPort, highestPort + 1);
    const server = await listen(port);
    if (server !== null) held.set(port, server);
  }
  for (const server of held.values()) server.close();
  return [...held.keys()];
}

async function listen(port: number): Promise<Server | null> {
  const server = createServer().listen({ port, host: '127.0.0.1' });
  return once(server, 'listening').then(
    () => server,
    () => null,
  );
}

/** Whether a GET is answered with status 200 within 2 s; `ca` in PEM. */
export async function isAnswering(url: string, authority?: { ca: string; token: string }): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const options = {
    agent: false,
    signal: AbortSignal.timeout(2000),
    ...(authority && { ca: authority.ca, headers: { authorization: `Bearer ${authority.token}` } }),
  };
  const get = url.startsWith('https:') ? getHttps : getHttp;
  get(url, options, (response) => {
    response.resume();
    resolve(response.statusCode === 200);
  }).on('error', () => resolve(false));
  return promise;
}
