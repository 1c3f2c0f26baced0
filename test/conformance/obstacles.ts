import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import type { Resource } from '../../src/kube/resources.ts';
import type { Cluster } from '../support/controlplane/cluster.ts';
import { issueIdentity } from '../support/https.ts';
import { TOOL_RUNS } from '../support/model/engine.ts';
import * as laws from '../support/model/laws.ts';

/** What stands in the way of a create in a namespace, and how the API server says so. */
export interface Obstacle {
  readonly reason: string;
  readonly code: number;
  /** Part of the message. */
  readonly says: string;
  /** How the API server answers a list of that kind in that namespace. */
  readonly list: 'works' | 'Forbidden' | 'NotFound';
  readonly kind?: Resource;
  /** The obstacle in the model. */
  readonly law: (namespace: string) => laws.Law;
  /** Raises the obstacle in a cluster, for a namespace that exists already. */
  readonly raise: (namespace: string, cluster: Cluster) => Promise<Raised>;
}

/** An obstacle in a cluster. */
interface Raised {
  /** The kubeconfig of the caller that meets the obstacle. Without it, the administrator does. */
  readonly kubeconfig?: string;
  readonly isNamespaceMissing?: boolean;
  readonly clear?: () => Promise<unknown>;
}

const COUNT = `count/${TOOL_RUNS.plural}.${TOOL_RUNS.group}`;
const ABSENT: Resource = { ...TOOL_RUNS, plural: 'nosuchthings', kind: 'NoSuchThing' };

export const obstacles: Readonly<Record<string, Obstacle>> = {
  'a full quota': {
    reason: 'Forbidden',
    code: 403,
    says: `exceeded quota: children, requested: ${COUNT}=1, used: ${COUNT}=0, limited: ${COUNT}=0`,
    list: 'works',
    law: (namespace) => laws.quota(namespace, TOOL_RUNS, 0),
    raise: (namespace, cluster) => raiseQuota(namespace, cluster, { [COUNT]: '0' }),
  },
  'a quota that was made a moment ago': {
    reason: 'Forbidden',
    code: 403,
    says: `status unknown for quota: children, resources: ${COUNT}`,
    list: 'works',
    law: (namespace) => laws.newQuota(namespace, TOOL_RUNS),
    raise: (namespace, cluster) => raiseQuota(namespace, cluster, {}),
  },
  'a missing right': {
    reason: 'Forbidden',
    code: 403,
    says: 'cannot create resource "toolruns" in API group "tools.proompteng.ai" in the namespace',
    list: 'Forbidden',
    law: () => laws.withoutRight(TOOL_RUNS, ['create', 'list', 'watch']),
    async raise(namespace, cluster) {
      await apply(cluster, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'nobody', namespace } });
      return { kubeconfig: await cluster.serviceAccountKubeconfig(namespace, 'nobody') };
    },
  },
  'a kind that is not installed': {
    reason: 'NotFound',
    code: 404,
    says: '404 page not found',
    list: 'NotFound',
    kind: ABSENT,
    law: () => laws.withoutKind(ABSENT),
    raise: () => Promise.resolve({}),
  },
  'a namespace that is not there': {
    reason: 'NotFound',
    code: 404,
    says: 'not found',
    list: 'works',
    law: laws.withoutNamespace,
    raise: () => Promise.resolve({ isNamespaceMissing: true }),
  },
  'a namespace that is ending': {
    reason: 'Forbidden',
    code: 403,
    says: 'because it is being terminated',
    list: 'works',
    law: laws.endingNamespace,
    async raise(namespace, cluster) {
      const metadata = { name: 'holds', namespace, finalizers: ['example.com/hold'] };
      await apply(cluster, { apiVersion: 'v1', kind: 'ConfigMap', metadata });
      await run(cluster, ['delete', 'namespace', namespace, '--wait=false']);
      const patch = ['--type=merge', '--patch={"metadata":{"finalizers":null}}'];
      return { clear: () => run(cluster, ['patch', 'configmap', 'holds', `--namespace=${namespace}`, ...patch]) };
    },
  },
  'a webhook that denies': {
    reason: 'Invalid',
    code: 400,
    says: 'admission webhook "children.example.com" denied the request: not on Sundays',
    list: 'works',
    law: (namespace) => laws.denyingWebhook(namespace, TOOL_RUNS, 400),
    raise: (namespace, cluster) => raiseWebhook(namespace, cluster),
  },
  'a webhook that denies with 403': {
    reason: 'Forbidden',
    code: 403,
    says: 'admission webhook "children.example.com" denied the request: not on Sundays',
    list: 'works',
    law: (namespace) => laws.denyingWebhook(namespace, TOOL_RUNS, 403),
    raise: (namespace, cluster) => raiseWebhook(namespace, cluster, 403),
  },
  'a webhook that denies with 500': {
    reason: 'Unavailable',
    code: 500,
    says: 'admission webhook "children.example.com" denied the request: not on Sundays',
    list: 'works',
    law: (namespace) => laws.denyingWebhook(namespace, TOOL_RUNS, 500),
    raise: (namespace, cluster) => raiseWebhook(namespace, cluster, 500),
  },
  'a webhook that is away': {
    reason: 'Unavailable',
    code: 500,
    says: 'failed calling webhook "children.example.com"',
    list: 'works',
    law: (namespace) => laws.absentWebhook(namespace, TOOL_RUNS),
    raise: async (namespace, cluster) => installWebhook(namespace, cluster, 'https://127.0.0.1:9'),
  },
};

/** Creates a quota of no child at all, with `used` as what is used: no controller runs that would count. */
async function raiseQuota(namespace: string, cluster: Cluster, used: object): Promise<Raised> {
  const hard = { [COUNT]: '0' };
  const metadata = { name: 'children', namespace };
  await apply(cluster, { apiVersion: 'v1', kind: 'ResourceQuota', metadata, spec: { hard } });
  const status = JSON.stringify({ status: { hard, used } });
  const patch = ['--subresource=status', '--type=merge', `--patch=${status}`];
  await run(cluster, ['patch', 'resourcequota', 'children', `--namespace=${namespace}`, ...patch]);
  return {};
}

/** Installs a webhook that denies all creates in this namespace, with this code if one is given. */
async function raiseWebhook(namespace: string, cluster: Cluster, code?: number): Promise<Raised> {
  const identity = await issueIdentity();
  const server = createServer(identity.pair, (request, reply) => {
    void json(request).then((review) => {
      const { uid } = (review as { request: { uid: string } }).request;
      const status = { message: 'not on Sundays', ...(code !== undefined && { code }) };
      const body = {
        apiVersion: 'admission.k8s.io/v1',
        kind: 'AdmissionReview',
        response: { uid, allowed: false, status },
      };
      reply.setHeader('content-type', 'application/json').end(JSON.stringify(body));
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { clear } = await installWebhook(namespace, cluster, url, identity.caPem);
  return {
    async clear() {
      await clear?.();
      server.close();
      server.closeAllConnections();
    },
  };
}

async function installWebhook(namespace: string, cluster: Cluster, url: string, caPem?: string): Promise<Raised> {
  await apply(cluster, {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: namespace },
    webhooks: [
      {
        name: 'children.example.com',
        admissionReviewVersions: ['v1'],
        sideEffects: 'None',
        failurePolicy: 'Fail',
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
        rules: [
          { operations: ['CREATE'], apiGroups: [TOOL_RUNS.group], apiVersions: ['*'], resources: [TOOL_RUNS.plural] },
        ],
        clientConfig: { url, ...(caPem !== undefined && { caBundle: Buffer.from(caPem).toString('base64') }) },
      },
    ],
  });
  return { clear: () => run(cluster, ['delete', 'validatingwebhookconfiguration', namespace]) };
}

async function apply(cluster: Cluster, object: object): Promise<void> {
  await run(cluster, ['apply', '--server-side', '-f', '-'], JSON.stringify(object));
}

async function run(cluster: Cluster, words: readonly string[], input?: string): Promise<void> {
  const { code, stderr } = await cluster.kubectl(words, input === undefined ? {} : { input });
  if (code !== 0) throw new Error(stderr);
}
