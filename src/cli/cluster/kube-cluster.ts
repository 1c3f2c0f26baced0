import { readFile } from 'node:fs/promises';
import { displayText } from '../../dag/display.ts';
import { readUserName, reviewAccess } from '../../kube/access.ts';
import { createKubeClient, type Selection } from '../../kube/client.ts';
import { type LoadCredentials, loadInCluster } from '../../kube/credentials.ts';
import type { KubeError } from '../../kube/errors.ts';
import { CONFIG_MAPS, EVENTS, PODS, REVISIONS } from '../../kube/kinds.ts';
import type { PluginHost } from '../../kube/kubeconfig-user.ts';
import { createLogReader } from '../../kube/logs.ts';
import { listPages } from '../../kube/pages.ts';
import { createTiming, type Log, type Timing } from '../../kube/ports.ts';
import { startReflector } from '../../kube/reflector.ts';
import { namespacedResource, type Resource } from '../../kube/resources.ts';
import { createStore } from '../../kube/store.ts';
import { createTransport, type Transport } from '../../kube/transport.ts';
import { isVerdict } from '../../kube/verdict.ts';
import type { KubeObject } from '../../objects/object.ts';
import { resourceOf as resourceOfKind } from '../../orchestration/kinds/step-kinds.ts';
import { stepKinds } from '../../orchestration/kinds/table.ts';
import { GROUP, VERSION } from '../../orchestration/schema.ts';
import { KubeErrorReason } from '../../orchestration/vocabulary/kube-error-reasons.ts';
import { FieldManager } from '../../orchestration/vocabulary/metadata.ts';
import { CommandError } from './failure.ts';
import type { Cluster, ClusterChoice, ClusterKind, Listener, Where } from './port.ts';

/**
 * People wait for a read, so a read that takes longer fails. Writes may call webhooks, and keep their deadline of 35 s.
 */
const READ_DEADLINE_MS = 5_000;
/** Short waits, because a person who is watching wants to know soon that the API server is back. */
const WATCH_BACKOFF = { baseMs: 500, capMs: 5_000 };
/**
 * The most connections for watches and logs that are followed: as many logs as `logs -f` opens at once, and some more.
 */
const WATCHES = 64;
const SERVICE_ACCOUNT_NAMESPACE = '/var/run/secrets/kubernetes.io/serviceaccount/namespace';

const RESOURCES: Readonly<Record<ClusterKind, Resource>> = {
  Orchestration: namespacedResource(GROUP, VERSION, 'Orchestration', 'orchestrations'),
  OrchestrationRun: namespacedResource(GROUP, VERSION, 'OrchestrationRun', 'orchestrationruns'),
};

const silent: Log = { info: () => {}, warn: () => {}, error: () => {} };

/** What a connection to a cluster needs from the process. */
export interface ClusterHost extends PluginHost {
  /** Milliseconds on a monotonic clock. */
  readonly elapsed: () => number;
}

/** Opens the chosen cluster, and closes the connection to it when `use` has finished. */
export async function withCluster<T>(
  choice: ClusterChoice,
  host: ClusterHost,
  use: (cluster: Cluster) => Promise<T>,
): Promise<T> {
  const { load, namespace } = await findCluster(choice, host).catch((error: Error) => {
    throw new CommandError(displayText(error.message));
  });
  const timing = createTiming(host.elapsed);
  const transport = createTransport({ load, timing, log: silent, watches: WATCHES });
  try {
    return await use(openCluster(transport, timing, choice.namespace ?? namespace));
  } finally {
    await transport.close();
  }
}

/**
 * Finds the cluster as kubectl does: from the kubeconfig or, if none is named and there is none in the default place,
 * from the pod that this process runs in.
 */
async function findCluster(
  choice: ClusterChoice,
  host: PluginHost,
): Promise<{ readonly load: LoadCredentials; readonly namespace: string }> {
  const { readUserContext } = await import('../../kube/kubeconfig.ts');
  const { environment } = host;
  const { KUBERNETES_SERVICE_HOST: address, KUBERNETES_SERVICE_PORT: port = '443' } = environment;
  const isChosen =
    choice.kubeconfig !== undefined || choice.context !== undefined || Boolean(environment['KUBECONFIG']);
  try {
    return readUserContext(choice, host);
  } catch (error) {
    if (isChosen || address === undefined) throw error;
    const namespace = await readFile(SERVICE_ACCOUNT_NAMESPACE, 'utf8');
    return { load: loadInCluster({ host: address, port }), namespace: namespace.trim() };
  }
}

/** Opens the cluster over a connection, which stays open. `fieldManager` owns the fields that are written. */
export function openCluster(
  transport: Transport,
  timing: Timing,
  namespace: string,
  fieldManager: string = FieldManager.Cli,
): Cluster {
  const reads = createKubeClient({ transport, timing, deadlineMs: READ_DEADLINE_MS });
  const writes = createKubeClient({ transport, timing });
  const readLog = createLogReader({ transport, timing });
  const pagesOf = (resource: Resource) => ({ client: reads, resource, timing, most: 500 });
  const listAll = async (resource: Resource, selection: Selection) => {
    const items: KubeObject[] = [];
    for await (const page of listPages(pagesOf(resource), selection)) items.push(...page);
    return items;
  };
  const select = ({ namespace: own = namespace, isEverywhere, labelSelector }: Where): Selection => ({
    ...(isEverywhere !== true && { namespace: own }),
    ...(labelSelector !== undefined && { labelSelector }),
  });
  const place = (object: KubeObject) => ({
    ...object,
    metadata: { ...object.metadata, namespace: object.metadata.namespace ?? namespace },
  });
  return {
    namespace,
    get: (kind, name, own = namespace) => reads.get(RESOURCES[kind], { namespace: own, name }),
    list: (kind, own = namespace) => listAll(RESOURCES[kind], { namespace: own }),
    pages: (kind, where) => listPages(pagesOf(RESOURCES[kind]), select(where)),
    getChild: (ref) => reads.get(resourceOf(ref), ref),
    listPods: (own, labelSelector) => listAll(PODS, { namespace: own, labelSelector }),
    listEvents: ({ namespace: own, uid }) =>
      listAll(EVENTS, { namespace: own, ...(uid !== undefined && { fieldSelector: `involvedObject.uid=${uid}` }) }),
    followLog: (own, pod, container, choice) => readLog({ namespace: own, pod, container }, choice),
    canI: (question) => reviewAccess(reads, question),
    whoAmI: () => readUserName(reads),
    getConfigMap: async (own, name) => {
      const { data = {} } = await reads.get(CONFIG_MAPS, { namespace: own, name });
      return data as Readonly<Record<string, string>>;
    },
    getSnapshot: (name) => reads.get(REVISIONS, { namespace, name }),
    create: (object, { isDryRun = false, onWarning } = {}) =>
      writes.create(resourceOf(object), place(object), {
        dryRun: isDryRun,
        fieldManager,
        ...(onWarning && { onWarning }),
      }),
    isDenial: (failure) => isVerdict(failure as KubeError),
    apply: (object, { isDryRun = false, onWarning } = {}) => {
      const body = place(object);
      return writes.patch(
        resourceOf(object),
        body.metadata,
        { type: 'apply', body },
        {
          dryRun: isDryRun,
          fieldManager,
          force: true,
          ...(onWarning && { onWarning }),
        },
      );
    },
    annotate: (name, annotations, resourceVersion) => {
      const body = { metadata: { annotations, ...(resourceVersion !== undefined && { resourceVersion }) } };
      const options = { fieldManager };
      return writes.patch(RESOURCES.OrchestrationRun, { namespace, name }, { type: 'merge', body }, options);
    },
    followAll: (kind, where, listener) => {
      const resource = kind === 'Event' ? EVENTS : RESOURCES[kind];
      const { stop } = follow(transport, timing, resource, select(where), listener);
      return stop;
    },
    follow: (name, listener) => {
      const selection = { namespace, fieldSelector: `metadata.name=${name}` };
      const { stop, whenEmpty } = follow(transport, timing, RESOURCES.OrchestrationRun, selection, listener);
      // If the run was deleted before it could be followed, no change reports that.
      void whenEmpty.then((isEmpty) => isEmpty && listener.onDeleted());
      return stop;
    },
  };
}

/** Returns the resource of an Orchestration or a run, or of an object that a step creates. */
function resourceOf({ kind }: Pick<KubeObject, 'kind'>): Resource {
  const stepKind = stepKinds.ofObject(kind);
  return stepKind === undefined ? RESOURCES[kind as ClusterKind] : resourceOfKind(stepKind);
}

function follow(
  transport: Transport,
  timing: Timing,
  resource: Resource,
  selection: Selection,
  { onChange, onDeleted, onTrouble, onContact }: Listener,
): { readonly stop: () => Promise<void>; readonly whenEmpty: Promise<boolean> } {
  const client = createKubeClient({
    transport,
    timing,
    observer: {
      finishRequest: ({ outcome }) => outcome === 'ok' && onContact(),
      countRetry: ({ reason }) => onTrouble(reason),
    },
  });
  const store = createStore({
    log: silent,
    onChange: ({ type, object }) => (type === 'deleted' ? onDeleted : onChange)(object),
    transform: (object) => object,
  });
  const reflector = startReflector({
    client,
    resource,
    ...selection,
    store,
    timing,
    log: silent,
    settings: { backoff: WATCH_BACKOFF },
    observer: {
      countList: () => {},
      countRepairs: () => {},
      countFailure: (_, reason) => reason !== KubeErrorReason.Expired && onTrouble(reason),
    },
  });
  const whenEmpty = reflector.whenSynced().then((isSynced) => isSynced && store.size === 0);
  return { stop: () => reflector.stop(), whenEmpty };
}
