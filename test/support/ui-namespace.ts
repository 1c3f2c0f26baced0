import type { AccessQuestion, Cluster as Api, ApiFailure } from '../../src/cli/cluster/port.ts';
import { KubeError } from '../../src/kube/errors.ts';
import type { KubeObject } from '../../src/objects/object.ts';
import type { KubeErrorReason } from '../../src/orchestration/vocabulary/kube-error-reasons.ts';
import type { Cluster } from '../../src/ui/cluster.ts';
import { keepStub } from '../../src/ui/entries.ts';
import type { Namespace, Namespaces } from '../../src/ui/namespaces.ts';
import type { ClusterConnection, Entry, EntryKey } from '../../src/ui/page/protocol.ts';
import { createRights } from '../../src/ui/rights.ts';
import { createRunIndex } from '../../src/ui/run-index.ts';

const API = 'orchestration.proompteng.ai/v1alpha1';

/** An object as it is stored. */
export function object(kind: string, name: string, content: object, metadata: object = {}): KubeObject {
  const known = { namespace: 'ci', uid: `uid-${name}`, generation: 1, resourceVersion: '1' };
  return {
    apiVersion: API,
    kind,
    metadata: { name, ...known, creationTimestamp: '2026-01-01T00:00:00Z', ...metadata },
    ...content,
  };
}

/** A run of the Orchestration `o`. */
export function runOf(name: string, phase: string, stepStatuses: readonly object[] = [], metadata: object = {}) {
  const status = { phase, runId: name, stepStatuses };
  return object('OrchestrationRun', name, { spec: { orchestrationRef: { name: 'o' } }, status }, metadata);
}

/** A failed call, as the client throws it. */
export function failure(reason: KubeErrorReason, message = 'so it is'): ApiFailure {
  return new KubeError(reason, message);
}

/** A namespace in memory, behind the ports of the page’s server. */
export function createStage() {
  const objects = new Map<string, KubeObject>();
  const runs = createRunIndex();
  const listeners = new Set<(changed: Entry | undefined) => void>();
  let version = 1;
  const state = {
    isListed: true,
    connection: { state: 'Live' } as ClusterConnection,
    snapshot: undefined as unknown,
    /** The calls that the user may not make: `patch orchestrationruns`. */
    denied: new Set<string>(),
    asked: [] as AccessQuestion[],
    written: [] as object[],
    events: [] as KubeObject[],
    pods: [] as KubeObject[],
    /** The lines of each log, by pod. Others may not be read. */
    logs: new Map<string, readonly string[]>(),
    nowMs: Date.parse('2026-01-01T01:00:00Z'),
  };
  const keyOf = ({ kind, name }: EntryKey) => `${kind}/${name}`;
  const notify = (changed?: Entry) => {
    for (const listener of listeners) listener(changed);
  };
  const find = (key: EntryKey) => {
    const found = state.isListed ? objects.get(keyOf(key)) : undefined;
    return found && keepStub(found);
  };
  const cluster: Cluster = {
    namespace: 'ci',
    listNames: (kind) => [...objects.values()].filter((one) => one.kind === kind).map(({ metadata }) => metadata.name),
    find,
    describe: (key) => {
      const entry = find(key)?.entry;
      const counts = entry?.kind === 'Orchestration' ? runs.count(entry.name) : undefined;
      return counts === undefined ? entry : ({ ...entry, runs: counts } as typeof entry);
    },
    isListed: () => state.isListed,
    connection: () => state.connection,
    read: (key) => Promise.resolve(objects.get(keyOf(key))),
    readSnapshot: () => Promise.resolve(state.snapshot),
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const get = (kind: string, name: string) => {
    const found = objects.get(`${kind}/${name}`);
    return found === undefined ? Promise.reject(failure('NotFound')) : Promise.resolve(found);
  };
  const api = {
    namespace: 'ci',
    get,
    list: () => Promise.resolve([...objects.values()]),
    canI: (question: AccessQuestion) => {
      state.asked.push(question);
      const call = [question.verb, [question.resource, question.subresource].filter(Boolean).join('/')].join(' ');
      const isDenied = state.denied.has(call) || state.denied.has(`${call} ${question.name}`);
      return Promise.resolve({ allowed: !isDenied, reason: '' });
    },
    whoAmI: () => Promise.resolve('jane'),
    listEvents: () => Promise.resolve(state.events),
    getChild: ({ kind, name }: { readonly kind: string; readonly name: string }) => get(kind, name),
    listPods: () => Promise.resolve(state.pods),
    async *followLog(_: string, pod: string) {
      const lines = state.logs.get(pod);
      if (lines === undefined) throw failure('Forbidden', 'pods "p" is forbidden');
      yield* lines;
    },
    annotate: (name: string, annotations: Readonly<Record<string, string | null>>) => {
      state.written.push({ name, annotations });
      return get('OrchestrationRun', name);
    },
    create: (created: KubeObject, { isDryRun = false } = {}) => {
      if (!isDryRun) state.written.push(created);
      return Promise.resolve(created);
    },
  } as Partial<Api> as Api;

  /** The namespaces of a page's server, all of which are this one. */
  function createNamespaces(isReadOnly = false): Namespaces {
    const rights = createRights({ api, isReadOnly, now: () => state.nowMs });
    const namespace: Namespace = { cluster, api, rights, stop: () => Promise.resolve() };
    return {
      first: 'ci',
      use: () => ({ namespace, release: () => {} }),
      list: () => Promise.resolve({ namespaces: ['ci', 'prod'] }),
      close: () => Promise.resolve(),
    };
  }

  return {
    cluster,
    api,
    state,
    listeners,
    notify,
    createNamespaces,
    put: (changed: KubeObject) => {
      const stored = { ...changed, metadata: { ...changed.metadata, resourceVersion: String(++version) } };
      objects.set(`${changed.kind}/${changed.metadata.name}`, stored);
      const { entry } = keepStub(stored);
      runs.put(entry);
      notify(entry);
    },
    remove: (changed: KubeObject) => {
      objects.delete(`${changed.kind}/${changed.metadata.name}`);
      const { entry } = keepStub(changed);
      runs.remove(entry);
      notify(entry);
    },
  };
}
