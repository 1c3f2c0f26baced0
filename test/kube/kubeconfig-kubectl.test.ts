import { execFile } from 'node:child_process';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadKubeconfig } from '../../src/kube/kubeconfig.ts';
import { createTransport } from '../../src/kube/transport.ts';
import { type CertificatePair, issueCertificateAuthority, issueLeaf } from '../../src/tls/issue.ts';
import { issueClientCertificate } from '../support/client-certificate.ts';
import { readSettings } from '../support/controlplane/settings.ts';
import { resolveTools } from '../support/controlplane/tools.ts';
import { pluginHost } from '../support/kube.ts';
import { base64, makeKubeconfig, pluginOf } from '../support/kubeconfig.ts';
import { silentLog, systemTiming } from '../support/timing.ts';

const execute = promisify(execFile);
const isKubectlHere = process.platform === 'linux' && process.arch === 'x64';
const validity = { lifetimeMs: 3_600_000, now: new Date() };

/** A token as an identity provider signs it. Nothing here verifies the signature. */
const jwt = (claims: object) =>
  [{ alg: 'RS256' }, claims, {}].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
const seconds = Math.floor(Date.now() / 1_000);
const refreshed = (issuer: string) =>
  jwt({ iss: issuer, aud: 'kubectl', sub: 'me', iat: seconds, exp: seconds + 3_600 });

let authority: CertificatePair;
let client: CertificatePair;
let kubectl: string;
let server: ReturnType<typeof createServer>;
let url: string;

beforeAll(async () => {
  if (!isKubectlHere) return;
  ({ kubectl } = await resolveTools(readSettings(process.env)));
  authority = await issueCertificateAuthority({ commonName: 'tests', ...validity });
  client = issueClientCertificate(authority, 'me');
  const names = { dnsNames: ['localhost', 'kubernetes'], ipAddresses: ['127.0.0.1'] };
  const own = await issueLeaf({ authority, ...names, ...validity });
  const pair = { ca: authority.certificatePem, cert: own.certificatePem, key: own.privateKeyPem };
  server = createServer({ ...pair, requestCert: true, rejectUnauthorized: false }, (request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer(request)));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server?.closeAllConnections();
  server?.close();
});

/** What an API server sees of a client. The same server is also the identity provider. */
function answer({ url: path, headers, socket }: IncomingMessage): object {
  if (path === '/.well-known/openid-configuration') {
    return {
      issuer: url,
      token_endpoint: `${url}/token`,
      authorization_endpoint: `${url}/login`,
      jwks_uri: `${url}/keys`,
    };
  }
  if (path === '/token')
    return { access_token: 'none', token_type: 'Bearer', id_token: refreshed(url), expires_in: 60 };
  const { servername } = socket as TLSSocket & { readonly servername: unknown };
  return {
    authorization: headers.authorization,
    impersonated: headers['impersonate-user'],
    subject: (socket as TLSSocket).getPeerCertificate().subject?.CN,
    servername,
  };
}

interface Case {
  readonly user?: object;
  readonly cluster?: object;
  readonly files?: Readonly<Record<string, string>>;
  readonly seen: object;
}

const exec = (fields: object) => ({
  exec: { apiVersion: 'client.authentication.k8s.io/v1', interactiveMode: 'Never', ...fields },
});

/** Functions, because the certificates and the address do not exist yet. */
const cases: Readonly<Record<string, () => Case>> = {
  'a token': () => ({ user: { token: 't' }, seen: { authorization: 'Bearer t' } }),
  'the file of a token, before a token': () => ({
    user: { token: 't', tokenFile: 'token' },
    files: { token: 'from-file\n' },
    seen: { authorization: 'Bearer from-file' },
  }),
  'a password': () => ({
    user: { username: 'me', password: 'pw' },
    seen: { authorization: `Basic ${base64('me:pw')}` },
  }),
  'a certificate': () => ({
    user: { 'client-certificate-data': base64(client.certificatePem), 'client-key-data': base64(client.privateKeyPem) },
    seen: { subject: 'me' },
  }),
  'a certificate in files beside the kubeconfig': () => ({
    user: { 'client-certificate': 'my.crt', 'client-key': 'my.key' },
    files: { 'my.crt': client.certificatePem, 'my.key': client.privateKeyPem },
    seen: { subject: 'me' },
  }),
  impersonation: () => ({
    user: { token: 't', as: 'jane' },
    seen: { authorization: 'Bearer t', impersonated: 'jane' },
  }),
  'a plugin on PATH, with its arguments and variables': () => ({
    user: exec({
      command: 'node',
      args: ['-e', pluginOf('status.token = process.argv[1] + process.env.GREETING').replace(/^#!.*\n/, ''), 'a'],
      env: [{ name: 'GREETING', value: 'b' }],
    }),
    seen: { authorization: 'Bearer ab' },
  }),
  'a plugin beside the kubeconfig that gets the cluster': () => ({
    user: exec({ command: './plugin', provideClusterInfo: true }),
    cluster: { extensions: [{ name: 'client.authentication.k8s.io/exec', extension: { audience: 'aud' } }] },
    files: {
      plugin: pluginOf(`
        const { apiVersion, kind, spec } = JSON.parse(process.env.KUBERNETES_EXEC_INFO);
        const { server, config, 'certificate-authority-data': ca } = spec.cluster;
        status.token = [apiVersion, kind, spec.interactive, server, config.audience, ca.length].join('|');
      `),
    },
    seen: {
      authorization: `Bearer client.authentication.k8s.io/v1|ExecCredential|false|${url}|aud|${base64(authority.certificatePem).length}`,
    },
  }),
  'a plugin that gives a certificate': () => ({
    user: exec({ command: './plugin' }),
    files: {
      plugin: pluginOf(`
        status.clientCertificateData = ${JSON.stringify(client.certificatePem)};
        status.clientKeyData = ${JSON.stringify(client.privateKeyPem)};
      `),
    },
    seen: { subject: 'me' },
  }),
  'an id-token': () => {
    const token = jwt({ exp: seconds + 3_600 });
    const config = { 'idp-issuer-url': url, 'client-id': 'kubectl', 'id-token': token };
    return { user: { 'auth-provider': { name: 'oidc', config } }, seen: { authorization: `Bearer ${token}` } };
  },
  'an id-token that has expired': () => ({
    user: {
      'auth-provider': {
        name: 'oidc',
        config: {
          ...{ 'idp-issuer-url': url, 'client-id': 'kubectl', 'client-secret': 'hush', 'refresh-token': 'again' },
          ...{ 'id-token': jwt({ exp: 1 }), 'idp-certificate-authority-data': base64(authority.certificatePem) },
        },
      },
    },
    seen: { authorization: `Bearer ${refreshed(url)}` },
  }),
  'another name of the server': () => ({
    user: { token: 't' },
    cluster: { 'tls-server-name': 'kubernetes' },
    seen: { authorization: 'Bearer t', servername: 'kubernetes' },
  }),
  'an unknown server that is trusted all the same': () => ({
    cluster: { 'certificate-authority-data': undefined, 'insecure-skip-tls-verify': true },
    user: { token: 't' },
    seen: { authorization: 'Bearer t' },
  }),
};

async function makeCase({ user = {}, cluster = {}, files = {} }: Omit<Case, 'seen'>): Promise<string> {
  const common = { server: url, 'certificate-authority-data': base64(authority.certificatePem) };
  return (await makeKubeconfig(user, { ...common, ...cluster }, files)).path;
}

async function askWithKubectl(kubeconfig: string): Promise<unknown> {
  const { stdout } = await execute(kubectl, ['--kubeconfig', kubeconfig, 'get', '--raw', '/seen'], { timeout: 10_000 });
  return JSON.parse(stdout);
}

async function askOurselves(kubeconfig: string): Promise<unknown> {
  const transport = createTransport({
    load: loadKubeconfig(kubeconfig, pluginHost),
    timing: systemTiming,
    log: silentLog,
  });
  try {
    const request = { lane: 'calls', method: 'GET', path: '/seen', idleTimeoutMs: 0 } as const;
    const { body } = await transport.send({ ...request, signal: AbortSignal.timeout(10_000) });
    return await body.json();
  } finally {
    await transport.close();
  }
}

describe.skipIf(!isKubectlHere)(
  'an API server sees the same from us as from kubectl (which npm installs for Linux x64)',
  () => {
    test.each(Object.entries(cases))('with %s', async (_, make) => {
      const { seen, ...given } = make();
      const expected = { servername: false, ...seen };
      // Each client has its own kubeconfig, because kubectl writes new tokens into it.
      expect(await askWithKubectl(await makeCase(given))).toEqual(expected);
      expect(await askOurselves(await makeCase(given))).toEqual(expected);
    });

    test.each<[string, Omit<Case, 'seen'>]>([
      [
        'a server that it does not trust',
        { user: { token: 't' }, cluster: { 'certificate-authority-data': undefined } },
      ],
      ['a plugin that fails', { user: exec({ command: 'false' }) }],
      ['a plugin that is not installed', { user: exec({ command: 'nowhere', installHint: 'npm install nowhere' }) }],
      ['a file that does not exist', { user: { tokenFile: 'nowhere' } }],
      ['an unknown auth-provider', { user: { 'auth-provider': { name: 'nowhere' } } }],
    ])('and nothing with %s', async (_, given) => {
      const kubeconfig = await makeCase(given);
      await expect(askWithKubectl(kubeconfig)).rejects.toThrow('Command failed');
      await expect(askOurselves(kubeconfig)).rejects.toMatchObject({ reason: 'Unavailable' });
    });
  },
);
