import { MEMBER_SELECTOR, readMember } from '../division/member-lease.ts';
import type { KubeClient } from '../kube/client.ts';
import { LEASES, seizeLease } from '../kube/lease.ts';

/** How to keep engines from working. */
export interface StopOptions {
  readonly client: Pick<KubeClient, 'get' | 'list' | 'create' | 'patch'>;
  /** The Lease for which engines of version 0.2 are elected. While anybody holds it, replicas hold no bucket. */
  readonly lease: { readonly namespace: string; readonly name: string };
  /** Who holds the Lease from now on. */
  readonly identity: string;
  readonly now: Date;
  /** How long no engine works. */
  readonly seconds: number;
}

/**
 * Takes the Lease of the election, no matter who holds it. An engine of 0.2 ends when it sees that, and the
 * replicas of this version give their buckets back. Returns whether there is any engine that has to see it.
 */
export async function stopEngines({ client, lease, identity, now, seconds }: StopOptions): Promise<boolean> {
  const holder = await seizeLease(client, lease, identity, now, seconds);
  const { items } = await client.list(LEASES, { namespace: lease.namespace, labelSelector: MEMBER_SELECTOR });
  return holder !== undefined || items.some((member) => readMember(member) !== undefined);
}
