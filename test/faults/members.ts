import { setTimeout as delay } from 'node:timers/promises';
import { decideBuckets } from '../../src/division/decide.ts';
import {
  createMemberLease,
  MEMBER_SELECTOR,
  nameMemberLease,
  readMember,
  renewal,
} from '../../src/division/member-lease.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { LEASES } from '../../src/kube/lease.ts';
import type { Random } from '../fuzz/random.ts';

/** As for a replica: its Lease counts for 15 s after it was last renewed. */
const LEASE_MS = 15_000;
const RENEW_MS = 1_000;
/** A member stays for 2 s to 8 s. */
const SHORTEST_MS = 2_000;
const MORE_MS = 6_000;
/** So many of a hundred members are killed, and leave their Lease behind. The others give their buckets back. */
const KILLED_IN_100 = 20;

export interface PassingMembersOptions {
  readonly client: Pick<KubeClient, 'list' | 'create' | 'patch' | 'delete'>;
  /** Where the replicas have their Leases. */
  readonly namespace: string;
  readonly random: Random;
  readonly note: (line: string) => void;
}

/**
 * Members that join, take their share and go, one after the other, so that buckets of the real replicas move every few
 * seconds. They execute nothing, so the runs of their share wait for them to go. `stop` ends that, and resolves when the
 * Lease of the last one is gone.
 */
export function startPassingMembers({ client, namespace, random, note }: PassingMembersOptions) {
  const ending = new AbortController();
  let passed = 0;

  /** A round of a member: it takes what is its share and free, and gives the rest back at once. */
  async function renew(identity: string): Promise<void> {
    const name = nameMemberLease(identity);
    const { items } = await client.list(LEASES, { namespace, labelSelector: MEMBER_SELECTOR });
    const own = items.find(({ metadata }) => metadata.name === name);
    const published = new Set((own && readMember(own)?.buckets) ?? []);
    const others = items.flatMap((lease) => (lease === own ? [] : (readMember(lease) ?? [])));
    const { work: buckets } = decideBuckets({ identity, others, mayHold: true, published, ended: published });
    if (own === undefined) {
      await client.create(LEASES, createMemberLease(namespace, { identity, buckets }, LEASE_MS, new Date(), undefined));
      return;
    }
    const { annotations, spec } = renewal({ identity, buckets }, LEASE_MS, new Date());
    await client.patch(LEASES, { namespace, name }, { type: 'merge', body: { metadata: { annotations }, spec } });
  }

  async function pass(identity: string): Promise<void> {
    const untilMs = performance.now() + SHORTEST_MS + random.int(MORE_MS);
    while (performance.now() < untilMs && !ending.signal.aborted) {
      // The API server may be away, as in many scenarios: then the member does what a replica does, and tries again.
      await renew(identity).catch(() => {});
      await pause(RENEW_MS);
    }
    if (random.isIn100(KILLED_IN_100) && !ending.signal.aborted) return note(`${identity} is killed`);
    await client.delete(LEASES, { namespace, name: nameMemberLease(identity) }).catch(() => {});
    note(`${identity} ends`);
  }

  async function run(): Promise<void> {
    while (!ending.signal.aborted) {
      await pass(`passing-${++passed}`);
      await pause(random.int(3_000));
    }
  }

  const pause = (ms: number) => delay(ms, undefined, { signal: ending.signal }).catch(() => {});
  const running = run();
  return {
    /** How many have joined. */
    passed: () => passed,
    async stop() {
      ending.abort();
      await running;
    },
  };
}
