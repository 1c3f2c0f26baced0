import type { KubeClient } from '../../kube/client.ts';
import { ifFound, KubeError } from '../../kube/errors.ts';
import type { Log, Timing } from '../../kube/ports.ts';
import { startReflector } from '../../kube/reflector.ts';
import { clusterResource, type Resource } from '../../kube/resources.ts';
import { createStore } from '../../kube/store.ts';
import type { KubeObject } from '../../objects/object.ts';
import { KubeErrorReason } from '../../orchestration/vocabulary/kube-error-reasons.ts';
import { FieldManager } from '../../orchestration/vocabulary/metadata.ts';

/** The name of a configuration in flags, logs and metrics: `validating/NAME` or `mutating/NAME`. */
export type ConfigurationName = `${keyof typeof RESOURCES}/${string}`;

const resource = (kind: string, plural: string) => clusterResource('admissionregistration.k8s.io', 'v1', kind, plural);
const RESOURCES = {
  mutating: resource('MutatingWebhookConfiguration', 'mutatingwebhookconfigurations'),
  validating: resource('ValidatingWebhookConfiguration', 'validatingwebhookconfigurations'),
} as const;

/** The CA bundles of a webhook configuration. */
export interface CaBundles {
  readonly version: string;
  /** `caBundle` is PEM, or '' if there is none. */
  readonly webhooks: readonly { readonly name: string; readonly caBundle: string }[];
  /** The field managers that own a caBundle. */
  readonly writers: readonly string[];
}

/** Splits a configuration name into the kind and the object's name. */
function locateConfiguration(name: ConfigurationName): { readonly resource: Resource; readonly name: string } {
  const [kind = '', ...rest] = name.split('/');
  return { resource: RESOURCES[kind as keyof typeof RESOURCES], name: rest.join('/') };
}

/** Reads the CA bundles. Undefined if the configuration does not exist. Throws KubeError. */
export async function readCaBundles(
  client: Pick<KubeClient, 'get'>,
  configuration: ConfigurationName,
): Promise<CaBundles | undefined> {
  const { resource: kind, name } = locateConfiguration(configuration);
  const object = await ifFound(client.get(kind, { name }));
  return object && readObject(object);
}

/**
 * Sets the bundle of every webhook of the configuration, and takes the field over from other managers. Returns Outdated
 * and changes nothing if the configuration has changed since it was read. Throws KubeError.
 */
export async function applyCaBundle(
  client: Pick<KubeClient, 'patch'>,
  configuration: ConfigurationName,
  seen: { readonly version: string; readonly webhooks: readonly { readonly name: string }[] },
  pem: string,
): Promise<{ readonly outcome: 'Done' | 'Outdated' }> {
  const { resource: kind, name } = locateConfiguration(configuration);
  const caBundle = Buffer.from(pem).toString('base64');
  const body = {
    apiVersion: `${kind.group}/${kind.version}`,
    kind: kind.kind,
    metadata: { name, resourceVersion: seen.version },
    webhooks: seen.webhooks.map((webhook) => ({ name: webhook.name, clientConfig: { caBundle } })),
  };
  return whetherCurrent(
    client.patch(kind, { name }, { type: 'apply', body }, { fieldManager: FieldManager.Certificates, force: true }),
  );
}

/** Awaits a write that names the object's version. Returns Outdated if the object has changed or is gone. */
export async function whetherCurrent(write: Promise<unknown>): Promise<{ readonly outcome: 'Done' | 'Outdated' }> {
  try {
    await write;
    return { outcome: 'Done' };
  } catch (error) {
    if (
      error instanceof KubeError &&
      (error.reason === KubeErrorReason.Conflict || error.reason === KubeErrorReason.NotFound)
    )
      return { outcome: 'Outdated' };
    throw error;
  }
}

function readObject({ metadata, webhooks }: KubeObject): CaBundles {
  const entries = (webhooks ?? []) as readonly {
    readonly name: string;
    readonly clientConfig?: { readonly caBundle?: string };
  }[];
  const managers = (metadata['managedFields'] ?? []) as readonly { manager?: string; fieldsV1?: object }[];
  return {
    version: metadata.resourceVersion ?? '',
    webhooks: entries.map(({ name, clientConfig }) => ({
      name,
      caBundle: Buffer.from(clientConfig?.caBundle ?? '', 'base64').toString(),
    })),
    writers: managers
      .filter(({ fieldsV1 = {} }) => JSON.stringify(fieldsV1).includes('"f:caBundle"'))
      .map(({ manager = '' }) => manager),
  };
}

export interface ConfigurationWatchOptions {
  readonly client: Pick<KubeClient, 'list' | 'watch'>;
  readonly configurations: readonly ConfigurationName[];
  readonly onChange: () => void;
  readonly timing: Timing;
  readonly log: Log;
}

/** Watches each configuration by its name, because the granted rights allow nothing else. Runs until `stop`. */
export function watchConfigurations(options: ConfigurationWatchOptions): { readonly stop: () => Promise<void> } {
  const { client, configurations, onChange, timing, log } = options;
  const reflectors = configurations.map((configuration) => {
    const { resource, name } = locateConfiguration(configuration);
    const store = createStore({ onChange, log });
    return startReflector({ client, resource, store, timing, log, fieldSelector: `metadata.name=${name}` });
  });
  return {
    async stop() {
      await Promise.all(reflectors.map((reflector) => reflector.stop()));
    },
  };
}
