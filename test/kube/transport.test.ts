import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createKubeClient } from '../../src/kube/client.ts';
import type { Credentials } from '../../src/kube/credentials.ts';
import { createTransport } from '../../src/kube/transport.ts';
import { type CertificatePair, issueCertificateAuthority, issueLeaf } from '../../src/tls/issue.ts';
import { configMaps } from '../support/kube.ts';
import { silentLog, systemTiming } from '../support/timing.ts';

const validity = { lifetimeMs: 3_600_000, now: new Date() };

/**
 * An API server that identifies its clients by certificate. It accepts any certificate, because ours are for servers;
 * `isKnown` says whom it admits.
 */
async function startServer(isKnown: (name: string | undefined) => boolean) {
  const authority = await issueCertificateAuthority({ commonName: 'tests', ...validity });
  const issue = (name: string) => issueLeaf({ authority, dnsNames: [name], ipAddresses: ['127.0.0.1'], ...validity });
  const own = await issue('localhost');
  const asked: string[] = [];
  const server = createServer(
    {
      ca: authority.certificatePem,
      cert: own.certificatePem,
      key: own.privateKeyPem,
      requestCert: true,
      rejectUnauthorized: false,
    },
    (incoming, reply) => {
      const name = (incoming.socket as TLSSocket).getPeerCertificate().subjectaltname;
      asked.push(`${incoming.url} ${name?.replace(/, .*/, '')}`);
      const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } };
      reply.writeHead(isKnown(name) ? 200 : 401, { 'content-type': 'application/json' }).end(JSON.stringify(object));
    },
  );
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const credentials = (pair: CertificatePair, server: string = url): Credentials => ({
    server,
    headers: {},
    tls: { ca: authority.certificatePem, cert: pair.certificatePem, key: pair.privateKeyPem, rejectUnauthorized: true },
  });
  return { url, issue, credentials, asked };
}

function connect(load: () => Credentials) {
  let now = 0;
  const timing = { ...systemTiming, now: () => systemTiming.now() + now };
  const transport = createTransport({
    load: () => Promise.resolve(load()),
    timing,
    log: silentLog,
  });
  onTestFinished(() => transport.close());
  const client = createKubeClient({ transport, timing, deadlineMs: 1_500 });
  const get = () => client.get(configMaps, { namespace: 'ns', name: 'a' });
  return { get, pass: (ms: number) => (now += ms) };
}

const path = '/api/v1/namespaces/ns/configmaps/a';

describe('a client certificate', () => {
  test('is sent, and a new one from the next call on', async () => {
    const { issue, credentials, asked } = await startServer(() => true);
    let mine = await issue('first');
    const { get, pass } = connect(() => credentials(mine));
    await get();
    mine = await issue('second');
    await get();
    pass(60_000);
    await get();
    expect(asked).toEqual([`${path} DNS:first`, `${path} DNS:first`, `${path} DNS:second`]);
  });

  test('that is rejected is replaced within the call', async () => {
    let known = 'first';
    const { issue, credentials, asked } = await startServer((name) => name?.includes(known) ?? false);
    const pairs = { first: await issue('first'), second: await issue('second') };
    const { get, pass } = connect(() => credentials(known === 'first' ? pairs.first : pairs.second));
    await get();
    pass(1_000);
    known = 'second';
    await get();
    expect(asked).toEqual([`${path} DNS:first`, `${path} DNS:first`, `${path} DNS:second`]);
  });
});

test('an API with a path prefix is found', async () => {
  const { url, issue, credentials, asked } = await startServer(() => true);
  const pair = await issue('me');
  const { get } = connect(() => credentials(pair, `${url}/k8s/clusters/c1`));
  await get();
  expect(asked).toEqual([`/k8s/clusters/c1${path} DNS:me`]);
});
