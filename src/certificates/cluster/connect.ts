import type { KubeClient } from '../../kube/client.ts';
import { namespacedResource } from '../../kube/resources.ts';
import { Label } from '../../orchestration/vocabulary/metadata.ts';
import { readBundle, writeBundle } from '../../tls/certificate.ts';
import type { ConfigurationsPort, PublicationPort, RotationPort } from '../ports.ts';
import { decodeAuthorities, encodeAuthorities } from '../secret-data.ts';
import { applyCaBundle, type ConfigurationName, readCaBundles } from './configurations.ts';
import { readSecretData, writeSecretData } from './secret.ts';

const SLICES = namespacedResource('discovery.k8s.io', 'v1', 'EndpointSlice', 'endpointslices');

interface SecretName {
  readonly namespace: string;
  readonly name: string;
}

/** Connects the port of the webhook configurations to the API server. */
function connectConfigurations(client: Pick<KubeClient, 'get' | 'patch'>): ConfigurationsPort {
  return {
    async readConfiguration(name) {
      const found = await readCaBundles(client, name as ConfigurationName);
      if (found === undefined) return undefined;
      const { version, writers, webhooks } = found;
      const read = ({ name: webhook, caBundle }: (typeof webhooks)[number]) => ({
        name: webhook,
        trusted: readBundle(caBundle),
      });
      return { name, version, writers, webhooks: webhooks.map(read) };
    },
    publish: (seen, bundle) => applyCaBundle(client, seen.name as ConfigurationName, seen, writeBundle(bundle)),
  };
}

/** Connects the port of the publication, for a Secret that is provided from outside. */
export function connectPublication(client: Pick<KubeClient, 'get' | 'patch'>, secret: SecretName): PublicationPort {
  return {
    ...connectConfigurations(client),
    async readBundle() {
      const found = await readSecretData(client, secret);
      return found && readBundle(found.data['ca.crt'] ?? '');
    },
  };
}

/** Connects the part of the rotation's port that is stored in the cluster. */
export function connectRotation(
  client: Pick<KubeClient, 'get' | 'patch'>,
  secret: SecretName,
): ConfigurationsPort & Pick<RotationPort, 'readSecret' | 'writeSecret'> {
  return {
    ...connectConfigurations(client),
    async readSecret() {
      const found = await readSecretData(client, secret);
      return found && { version: found.version, content: decodeAuthorities(found.data) };
    },
    writeSecret: ({ version }, authorities) => writeSecretData(client, secret, version, encodeAuthorities(authorities)),
  };
}

/** Whether a pod of the Service is ready. A terminating pod does not count. Throws KubeError. */
export async function hasReadyEndpoint(
  client: Pick<KubeClient, 'list'>,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): Promise<boolean> {
  const { items } = await client.list(SLICES, { namespace, labelSelector: `${Label.Service}=${name}` });
  const endpoints = items.flatMap((slice) => (slice['endpoints'] ?? []) as readonly Endpoint[]);
  // The API says that unknown counts as ready.
  return endpoints.some(({ conditions }) => conditions?.ready !== false);
}

interface Endpoint {
  readonly conditions?: { readonly ready?: boolean };
}
