import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { json } from 'node:stream/consumers';
import type { ClusterAddress } from './controlplane/cluster.ts';

/** The answer of an API server: the object, or the Status, which kubectl would reword. */
interface ApiAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** Sends one request; throws only if there is no answer. */
export type SendToApi = (
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
  path: string,
  body?: object,
  contentType?: string,
) => Promise<ApiAnswer>;

/**
 * Connects to the HTTP of a cluster's API server, keeping connections for the next request: as the administrator, which
 * needs the cluster's `adminToken`, or as the user of another token.
 */
export function connectApi({ server, caData, adminToken }: ClusterAddress, token = adminToken): SendToApi {
  const agent = new Agent({ keepAlive: true, ca: Buffer.from(caData, 'base64') });
  return async (method, path, body, contentType = 'application/json') => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': contentType };
    const sent = request(server + path, { method, agent, headers }).end(body && JSON.stringify(body));
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    return { status: response.statusCode ?? 0, body: await json(response) };
  };
}
