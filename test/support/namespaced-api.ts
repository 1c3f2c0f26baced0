import { setTimeout as delay } from 'node:timers/promises';
import type { OwnerReference } from '../../src/objects/object.ts';
import { connectApi } from './api.ts';
import type { ClusterAddress } from './controlplane/cluster.ts';

/** Long, because some tests wait for processes that die and start again, on busy machines. */
const patienceSeconds = 150;
const pollMilliseconds = 25;

const resources = {
  Orchestration: 'orchestration.proompteng.ai/v1alpha1/orchestrations',
  OrchestrationRun: 'orchestration.proompteng.ai/v1alpha1/orchestrationruns',
  AgentRun: 'agents.proompteng.ai/v1alpha1/agentruns',
  Tool: 'tools.proompteng.ai/v1alpha1/tools',
  ToolRun: 'tools.proompteng.ai/v1alpha1/toolruns',
  ApprovalPolicy: 'approvals.proompteng.ai/v1alpha1/approvalpolicies',
  Signal: 'signals.proompteng.ai/v1alpha1/signals',
  SignalDelivery: 'signals.proompteng.ai/v1alpha1/signaldeliveries',
  ConfigMap: 'v1/configmaps',
  Event: 'v1/events',
  Pod: 'v1/pods',
  ResourceQuota: 'v1/resourcequotas',
  Job: 'batch/v1/jobs',
  Lease: 'coordination.k8s.io/v1/leases',
  ControllerRevision: 'apps/v1/controllerrevisions',
} as const;

export type Kind = keyof typeof resources;

/** An object as the API server stores it. */
export interface StoredObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly generation: number;
    readonly creationTimestamp: string;
    readonly deletionTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly OwnerReference[];
  };
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into objects of many kinds, and says what it expects to find
  readonly [field: string]: any;
}

/** The objects of one namespace, over the HTTP of the API server. If it refuses a call, its own message is thrown. */
export interface NamespacedApi {
  /** `fields` are those other than kind and name, such as `spec` and `data`. The name is added to `metadata`. */
  readonly create: (kind: Kind, name: string, fields: Fields) => Promise<StoredObject>;
  readonly read: (kind: Kind, name: string) => Promise<StoredObject | undefined>;
  readonly list: (kind: Kind) => Promise<readonly StoredObject[]>;
  /** A merge patch. */
  readonly edit: (kind: Kind, name: string, patch: object) => Promise<StoredObject>;
  /** A merge patch of the status, as the named manager of fields. */
  readonly setStatus: (kind: Kind, name: string, status: object, manager?: string) => Promise<StoredObject>;
  readonly remove: (kind: Kind, name: string) => Promise<void>;
  /** The object, as soon as it is there and as wanted. */
  readonly waitFor: (
    kind: Kind,
    name: string,
    wanted?: (object: StoredObject) => boolean,
    seconds?: number,
  ) => Promise<StoredObject>;
  readonly waitUntilGone: (kind: Kind, name: string, seconds?: number) => Promise<void>;
}

type Fields = Readonly<Record<string, unknown>> & { readonly metadata?: object };

/** Connects as the administrator. Sends no request yet. */
export function connectNamespace(cluster: ClusterAddress, namespace: string): NamespacedApi {
  const send = connectApi(cluster);

  function pathOf(kind: Kind, name?: string, rest = ''): string {
    const [plural, ...group] = resources[kind].split('/').reverse();
    const root = group.length > 1 ? '/apis' : '/api';
    const parts = [root, ...group.reverse(), 'namespaces', namespace, plural, ...(name === undefined ? [] : [name])];
    return parts.join('/') + rest;
  }

  async function ask(...request: Parameters<typeof send>): Promise<StoredObject> {
    const { status, body } = await send(...request);
    return expectObject(`${request[0]} ${request[1]}`, status, body);
  }

  async function read(kind: Kind, name: string): Promise<StoredObject | undefined> {
    const { status, body } = await send('GET', pathOf(kind, name));
    return status === 404 ? undefined : expectObject(`GET ${pathOf(kind, name)}`, status, body);
  }

  const merge = (path: string, body: object) => ask('PATCH', path, body, 'application/merge-patch+json');

  return {
    create: (kind, name, { metadata, ...fields }) => {
      const apiVersion = resources[kind].split('/').slice(0, -1).join('/');
      return ask('POST', pathOf(kind), { apiVersion, kind, metadata: { ...metadata, name }, ...fields });
    },
    read,
    list: async (kind) => (await ask('GET', pathOf(kind)))['items'],
    edit: (kind, name, patch) => merge(pathOf(kind, name), patch),
    setStatus: (kind, name, status, manager = 'test') =>
      merge(pathOf(kind, name, `/status?fieldManager=${manager}`), { status }),
    remove: async (kind, name) => {
      await ask('DELETE', pathOf(kind, name));
    },
    waitFor: async (kind, name, wanted = () => true, seconds = patienceSeconds) => {
      let last: StoredObject | undefined;
      await waitUntil(
        `${kind} ${name}`,
        async () => {
          last = await read(kind, name);
          return last !== undefined && wanted(last);
        },
        () => JSON.stringify(last?.['status'] ?? last),
        seconds,
      );
      return last as StoredObject;
    },
    waitUntilGone: (kind, name, seconds) =>
      waitUntil(`${kind} ${name} to go`, async () => (await read(kind, name)) === undefined, undefined, seconds),
  };
}

/** Asks again and again until it is so. After `seconds`, throws an error with `what` and the result of `describe`. */
export async function waitUntil(
  what: string,
  isSo: () => Promise<boolean>,
  describe: () => string = () => '',
  seconds = patienceSeconds,
): Promise<void> {
  const deadline = performance.now() + seconds * 1000;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`waited ${seconds} s for ${what}: ${describe()}`);
    await delay(pollMilliseconds);
  }
}

/** The object that was answered. An API server that starts answers with a Status, which is no object. */
function expectObject(request: string, status: number, body: unknown): StoredObject {
  if (status >= 300) throw new Error(`${request}: ${(body as { message?: string }).message}`);
  return body as StoredObject;
}
