import type { ApiFailure, Cluster, LogChoice } from '../../../src/cli/cluster/port.ts';
import type { Command, Outcome } from '../../../src/cli/command.ts';
import type { KubeObject } from '../../../src/objects/object.ts';
import type { KubeErrorReason } from '../../../src/orchestration/vocabulary/kube-error-reasons.ts';
import { portsOf } from '../run-command.ts';
import { msAfter } from './runs.ts';

/** A failed call, as the API server words it. */
export function failureOf(reason: KubeErrorReason, message: string = reason): ApiFailure {
  return Object.assign(new Error(message), { reason, causes: [], isOutcomeUnknown: false });
}

/** What a cluster holds, and the logs of its pods, by `pod/container`. */
export interface FakeCluster {
  readonly objects: readonly KubeObject[];
  readonly logs?: Readonly<Record<string, readonly string[] | ApiFailure>>;
  /** Called with each request for a log. */
  readonly onLog?: (of: string, choice: LogChoice) => void;
}

/** The namespace `ci` of a cluster that holds these objects. It has only a part of the methods of a cluster. */
export function fakeCluster({ objects, logs = {}, onLog }: FakeCluster): Cluster {
  const stored = new Map(objects.map((object) => [keyOf(object.kind, object.metadata), object]));
  const read = (kind: string, name: string, namespace = 'ci') => {
    const found = stored.get(keyOf(kind, { namespace, name }));
    if (found !== undefined) return Promise.resolve(found);
    return Promise.reject(failureOf('NotFound', `${kind.toLowerCase()}s "${name}" not found`));
  };
  const select = (kind: string, namespace: string | undefined) =>
    [...stored.values()].filter(
      (object) =>
        object.kind === kind && (namespace === undefined || (object.metadata.namespace ?? 'ci') === namespace),
    );
  const cluster: Partial<Cluster> = {
    namespace: 'ci',
    get: read,
    getChild: ({ kind, namespace, name }) => read(kind, name, namespace),
    list: (kind, namespace = 'ci') => Promise.resolve(select(kind, namespace)),
    pages: async function* (kind, { namespace = 'ci', isEverywhere = false }) {
      for (const object of select(kind, isEverywhere ? undefined : namespace)) yield await Promise.resolve([object]);
    },
    getConfigMap: async (namespace, name) => {
      const { data } = await read('ConfigMap', name, namespace);
      return data as Record<string, string>;
    },
    listPods: (namespace, selector) => {
      const names = /\((.*)\)/.exec(selector)?.[1]?.split(',') ?? [];
      return Promise.resolve(
        select('Pod', namespace).filter(({ metadata }) =>
          names.includes(metadata.labels?.['batch.kubernetes.io/job-name'] ?? ''),
        ),
      );
    },
    listEvents: ({ namespace }) => Promise.resolve(select('Event', namespace)),
    followLog: async function* (_, pod, container, choice = {}) {
      onLog?.(`${pod}/${container}`, choice);
      const log = logs[`${pod}/${container}`] ?? failureOf('NotFound');
      if (!('length' in log)) throw log;
      yield* await Promise.resolve(log);
    },
    annotate: async (name, annotations) => {
      const object = await read('OrchestrationRun', name);
      const next = { ...object, metadata: { ...object.metadata, annotations: annotations as Record<string, string> } };
      stored.set(keyOf(object.kind, object.metadata), next);
      return next;
    },
  };
  return cluster as Cluster;
}

function keyOf(kind: string, { namespace = 'ci', name }: Pick<KubeObject['metadata'], 'namespace' | 'name'>): string {
  return `${kind} ${namespace}/${name}`;
}

/** Runs a command in such a cluster, an hour after the start of its runs. The outcome has everything that it writes. */
export async function runIn(
  cluster: Cluster,
  command: Command,
  args: readonly string[],
  { onLook = () => {}, isRead = true }: { readonly onLook?: () => void; readonly isRead?: boolean } = {},
): Promise<Outcome> {
  const written = { stdout: '', stderr: '' };
  const ports = portsOf({
    withCluster: (_, use) => use(cluster),
    clock: {
      now: () => msAfter(3600),
      schedule: (_, callback) => {
        onLook();
        const timer = setImmediate(callback);
        return () => clearImmediate(timer);
      },
    },
  });
  const screen = {
    ...ports.screen,
    drained: () => Promise.resolve(isRead),
    write: (text: string) => {
      written.stdout += text;
    },
    warn: (text: string) => {
      written.stderr += text;
    },
  };
  const outcome = await command.execute(args, { ...ports, screen });
  const { exitCode, stdout, stderr } = outcome;
  return { exitCode, stdout: written.stdout + stdout, stderr: written.stderr + stderr };
}

/** A stored run of `release` in `ci`. */
export function storedRun(name: string, status: object = {}, metadata: object = {}): KubeObject {
  return {
    apiVersion: 'orchestration.proompteng.ai/v1alpha1',
    kind: 'OrchestrationRun',
    metadata: { name, namespace: 'ci', uid: `uid-${name}`, ...metadata },
    spec: { orchestrationRef: { name: 'release' } },
    status,
  };
}
