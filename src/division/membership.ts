import { ALL_BUCKETS } from '../kube/bucket-selection.ts';
import type { KubeClient } from '../kube/client.ts';
import { ifFound } from '../kube/errors.ts';
import { createLeaseAges, LEASES, leaseSpecOf } from '../kube/lease.ts';
import { type Log, sleep, type Timing } from '../kube/ports.ts';
import type { KubeObject } from '../objects/object.ts';
import { FieldManager } from '../orchestration/vocabulary/metadata.ts';
import { type Decision, decideBuckets, type Member } from './decide.ts';
import { createMemberLease, MEMBER_SELECTOR, nameMemberLease, readMember, renewal } from './member-lease.ts';
import { type Claim, createOwnership } from './ownership.ts';

/** A replica among those that divide the buckets. Each has a Lease, which it renews and in which it names its buckets. */
export interface Membership {
  /**
   * Whether the own Lease was renewed in time. False as soon as another replica may take the buckets, even if this
   * process was suspended and received no notice.
   */
  isCurrent(): boolean;
  /** Reports that no work on these buckets is in progress any more. The Lease does not name them from then on. */
  giveBack(buckets: Iterable<number>): void;
  /** How many replicas renew their Leases, as last seen, including this one. */
  members(): number;
  /** The longest time, in milliseconds, that a bucket has had no replica that renews its Lease. */
  unownedMs(): number;
  /** Ends the membership and deletes the Lease, so that the others need not wait until it expires. End all work first. */
  readonly stop: () => Promise<void>;
}

export interface MembershipOptions {
  /** A client with its own connections and a deadline of about half of `renewDeadlineMs`. */
  readonly client: Pick<KubeClient, 'list' | 'get' | 'create' | 'patch' | 'delete'>;
  /** The namespace of the release. */
  readonly namespace: string;
  /** Unique among all processes that run at the same time. */
  readonly identity: string;
  readonly timing: Timing;
  /** The time to write into the Lease. It is for people to read; no code compares it. */
  readonly now: () => Date;
  readonly log: Log;
  /** Called with the buckets to stop work on. Call `giveBack` when the work in progress has ended. */
  readonly onDraining: (buckets: ReadonlySet<number>) => void;
  /**
   * Called after each renewal with the buckets to work on, which the Lease names, and with those to follow because the
   * Lease of their replica may expire soon.
   */
  readonly onWork: (buckets: ReadonlySet<number>, expected: ReadonlySet<number>) => void;
  /** Called if the Lease could not be renewed in time: stop work on all buckets. */
  readonly onLost: () => void;
  readonly settings?: Partial<MembershipSettings>;
}

/** leaseDurationMs > renewDeadlineMs > retryPeriodMs, as in the leader election of client-go. */
export interface MembershipSettings {
  /** How long the others respect an unchanged Lease after they first saw that version. */
  readonly leaseDurationMs: number;
  /** A member gives up all buckets this long after the start of its last successful renewal. */
  readonly renewDeadlineMs: number;
  readonly retryPeriodMs: number;
}

const DEFAULTS: MembershipSettings = { leaseDurationMs: 15_000, renewDeadlineMs: 10_000, retryPeriodMs: 2_000 };

/**
 * A member is late if its Lease has not changed for this many rounds. The others then list its objects while they wait
 * for the Lease to expire. Rounds without an answer do not count: in an outage of the API server, nobody can renew.
 */
const LATE_ROUNDS = 3;

/** After an error, a member adds a random wait of up to this many retry periods, as client-go does. */
const JITTER = 1.2;

/** What a round has read. */
interface Seen {
  readonly own: KubeObject | undefined;
  /** All Leases of members. */
  readonly leases: readonly KubeObject[];
  /** The other members whose Leases have not expired. */
  readonly others: readonly (Member & Claim)[];
  /** The Lease of the election of version 0.2. */
  readonly election: KubeObject | undefined;
}

/** Joins at once. Retries after any error, and goes on until `stop`. Each round makes two reads and a write. */
export function joinMembers(options: MembershipOptions): Membership {
  const { client, namespace, identity, timing, now, log, onDraining, onWork, onLost } = options;
  const { leaseDurationMs, renewDeadlineMs, retryPeriodMs } = { ...DEFAULTS, ...options.settings };
  const name = nameMemberLease(identity);
  const ages = createLeaseAges(timing, renewDeadlineMs);
  const ownership = createOwnership(timing);
  const ending = new AbortController();
  let waking = new AbortController();
  let isJoined = false;
  let currentUntilMs: number | undefined;
  let cancelExpiry = () => {};
  let published: ReadonlySet<number> = new Set();
  const ended = new Set<number>();
  let members = 0;
  /** The holder of the Lease of the election, which executes all runs instead of the members. */
  let elected: string | undefined;

  const isCurrent = () => currentUntilMs !== undefined && timing.now() < currentUntilMs;

  async function run(): Promise<void> {
    while (!ending.signal.aborted) {
      waking = new AbortController();
      let jitter = 0;
      let untilExpiryMs = Infinity;
      try {
        untilExpiryMs = await renew(timing.now());
      } catch (error) {
        jitter = timing.random() * JITTER;
        log.warn({ error, lease: name }, 'cannot renew the Lease of this replica');
      }
      const signal = AbortSignal.any([ending.signal, waking.signal]);
      await sleep(timing, Math.min(retryPeriodMs * (1 + jitter), untilExpiryMs), signal);
    }
  }

  /** Reads the Leases, decides, and writes the own Lease. Returns the time until the first Lease expires. */
  async function renew(startedAt: number): Promise<number> {
    if (!isJoined) await join();
    const wasCurrent = isCurrent();
    const seen = await observe();
    // The Lease decides, because the others see it. But a bucket that this process has lost is not its own any more.
    const named = wasCurrent && seen.own ? [...(readMember(seen.own)?.buckets ?? [])] : [];
    const mayHold = watchElection(seen.election);
    const { others } = seen;
    const decision = decideBuckets({
      identity,
      others,
      mayHold,
      published: new Set(named.filter((bucket) => published.has(bucket))),
      ended,
    });
    onDraining(decision.draining);
    await publish(decision, seen);
    succeed(startedAt);
    members = 1 + others.length;
    ownership.see([{ buckets: mayHold ? published : ALL_BUCKETS, ageMs: 0 }, ...others]);
    if (!ending.signal.aborted) onWork(decision.work, decision.expected);
    await tidy(seen);
    return Math.min(...seen.leases.filter((lease) => !hasExpired(lease)).map(leftMs));
  }

  /** Writes the Lease before the first decision, so that replicas that start at the same time share the buckets. */
  async function join(): Promise<void> {
    const { own, election } = await observe();
    await write({ identity, buckets: new Set() }, own, election);
    isJoined = true;
  }

  async function observe(): Promise<Seen> {
    const target = { namespace, name: FieldManager.Reconciler };
    const [{ items }, election] = await Promise.all([
      client.list(LEASES, { namespace, labelSelector: MEMBER_SELECTOR }),
      ifFound(client.get(LEASES, target)),
    ]);
    ages.observe(election === undefined ? items : [...items, election]);
    const others = items.flatMap((lease) => {
      const member = lease.metadata.name === name || hasExpired(lease) ? undefined : readMember(lease);
      return member === undefined ? [] : [{ ...member, ageMs: ages.ageMs(lease), isLate: isLate(lease) }];
    });
    return { leases: items, own: items.find(({ metadata }) => metadata.name === name), others, election };
  }

  /** How long the others respect a Lease if it does not change, in milliseconds. */
  function leftMs(lease: KubeObject): number {
    const { leaseDurationSeconds } = leaseSpecOf(lease);
    const durationMs = leaseDurationSeconds === undefined ? leaseDurationMs : leaseDurationSeconds * 1_000;
    return durationMs - ages.ageMs(lease);
  }

  const hasExpired = (lease: KubeObject) => leftMs(lease) <= 0;

  const isLate = (lease: KubeObject) =>
    ages.timesSeen(lease) > LATE_ROUNDS && ages.ageMs(lease) >= LATE_ROUNDS * retryPeriodMs;

  /** Returns whether members may hold buckets. */
  function watchElection(election: KubeObject | undefined): boolean {
    const holder = election && !hasExpired(election) ? (leaseSpecOf(election).holderIdentity ?? undefined) : undefined;
    if (holder !== elected) {
      const lease = FieldManager.Reconciler;
      if (holder)
        log.warn({ lease, holder }, 'another process holds the Lease of the engine, so no run is executed here');
      else log.info({ lease }, 'nobody holds the Lease of the engine any more, so runs are executed here');
    }
    elected = holder;
    return !holder;
  }

  async function publish({ work, draining }: Decision, { own, election }: Seen): Promise<void> {
    const buckets = new Set([...work, ...draining]);
    await write({ identity, buckets }, own, election);
    published = buckets;
    for (const bucket of ended) if (!draining.has(bucket)) ended.delete(bucket);
  }

  async function write(member: Member, own: KubeObject | undefined, election: KubeObject | undefined): Promise<void> {
    if (own === undefined) {
      await client.create(LEASES, createMemberLease(namespace, member, leaseDurationMs, now(), election));
      return;
    }
    const { annotations, spec } = renewal(member, leaseDurationMs, now());
    const { uid, resourceVersion } = own.metadata;
    const body = { metadata: { uid, resourceVersion, annotations }, spec };
    await client.patch(LEASES, { namespace, name }, { type: 'merge', body });
  }

  function succeed(startedAt: number): void {
    currentUntilMs = startedAt + renewDeadlineMs;
    cancelExpiry();
    cancelExpiry = timing.schedule(Math.max(0, currentUntilMs - timing.now()), lose);
  }

  function lose(): void {
    if (isCurrent()) return;
    currentUntilMs = undefined;
    published = new Set();
    ended.clear();
    log.error({ lease: name, afterMs: renewDeadlineMs }, 'the Lease could not be renewed, so no run is executed here');
    onLost();
  }

  /**
   * Deletes Leases that have expired, and removes an expired holder from the Lease of the election. So all replicas
   * agree with the one that saw this first, including those that have just joined.
   */
  async function tidy({ leases, election }: Seen): Promise<void> {
    try {
      for (const { metadata } of leases.filter((lease) => lease.metadata.name !== name && hasExpired(lease))) {
        const { uid = '', resourceVersion = '' } = metadata;
        await client.delete(LEASES, { namespace, name: metadata.name }, { preconditions: { uid, resourceVersion } });
      }
      if (election === undefined || !leaseSpecOf(election).holderIdentity || !hasExpired(election)) return;
      const { name: electionName, resourceVersion } = election.metadata;
      const body = { metadata: { resourceVersion }, spec: { holderIdentity: null } };
      await client.patch(LEASES, { namespace, name: electionName }, { type: 'merge', body });
    } catch (error) {
      // Another replica did it first, or its holder is back.
      log.info({ error }, 'cannot delete what has expired');
    }
  }

  const running = run();
  return {
    isCurrent,
    giveBack(buckets) {
      for (const bucket of buckets) ended.add(bucket);
      waking.abort();
    },
    members: () => members,
    unownedMs: ownership.unownedMs,
    async stop() {
      ending.abort();
      cancelExpiry();
      await running;
      currentUntilMs = undefined;
      try {
        await ifFound(client.delete(LEASES, { namespace, name }));
      } catch (error) {
        log.warn({ error, lease: name }, 'cannot delete the Lease of this replica: it expires by itself');
      }
    },
  };
}
