import { isDeepStrictEqual } from 'node:util';
import type { KubeClient } from '../../../src/kube/client.ts';
import type { Resource } from '../../../src/kube/resources.ts';
import type { Condition } from './conditions.ts';
import { nameOf, type Stored } from './kinds.ts';

const STATUS_MANAGER = 'agents-status';

/** Writes a status that was made from an object of an event; resolves with whether anything was sent. */
export type WriteStatus = (resource: Resource, object: Stored, status: object) => Promise<boolean>;

/**
 * Writes as every controller of the agents chart does: the version is that of a fresh read, so the API server accepts the
 * write, although the status was made from an object that may be old by now. Fails as Conflict or NotFound if something
 * comes between the two calls.
 */
export function createStatusWriter(client: Pick<KubeClient, 'get' | 'patch'>): WriteStatus {
  return async (resource, object, status) => {
    const { updatedAt: _, ...content } = status as Readonly<Record<string, unknown>>;
    if (isDeepStrictEqual(comparable(object['status'] ?? {}), comparable(content))) return false;
    const { resourceVersion } = (await client.get(resource, nameOf(object))).metadata;
    const body = { metadata: { resourceVersion }, status: { ...content, updatedAt: new Date().toISOString() } };
    const options = { subresource: 'status', fieldManager: STATUS_MANAGER } as const;
    await client.patch(resource, nameOf(object), { type: 'merge', body }, options);
    return true;
  };
}

/** A status without the times of its writes. Keys and condition fields that the real controller does not know stay. */
function comparable({ updatedAt: _, conditions, ...rest }: Readonly<Record<string, unknown>>): object {
  const listed = Array.isArray(conditions) ? (conditions as readonly Condition[]) : [];
  return { ...rest, conditions: listed.map(({ lastTransitionTime: _, ...condition }) => condition) };
}
