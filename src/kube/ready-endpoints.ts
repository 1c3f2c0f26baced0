import { Label } from '../orchestration/vocabulary/metadata.ts';
import type { KubeClient } from './client.ts';
import { namespacedResource } from './resources.ts';

const SLICES = namespacedResource('discovery.k8s.io', 'v1', 'EndpointSlice', 'endpointslices');

/** Whether a pod behind the Service is ready; one that is ending is not. Throws KubeError. */
export async function hasReadyEndpoint(
  client: Pick<KubeClient, 'list'>,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): Promise<boolean> {
  const { items } = await client.list(SLICES, { namespace, labelSelector: `${Label.Service}=${name}` });
  const endpoints = items.flatMap((slice) => (slice['endpoints'] ?? []) as readonly Endpoint[]);
  // Not known counts as ready, says the API.
  return endpoints.some(({ conditions }) => conditions?.ready !== false);
}

interface Endpoint {
  readonly conditions?: { readonly ready?: boolean };
}
