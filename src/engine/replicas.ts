import { joinMembers, type MembershipOptions } from '../division/membership.ts';
import { WHOLE } from '../orchestration/buckets.ts';
import { createHandOver, type HandOver, type HandOverOptions } from './hand-over.ts';

/** The other replicas, with which this one divides the buckets. */
export interface Replicas extends Pick<HandOver, 'division' | 'guard'> {
  /** Joins the other replicas. Resolves when the copy has the objects of the first buckets that this replica holds. */
  begin(): Promise<void>;
  /** How many replicas there are, including this one. */
  members(): number;
  /** The longest time that a bucket has had no replica, in milliseconds. */
  unownedMs(): number;
  /** Gives the buckets back. End all work first. */
  stop(): Promise<void>;
}

/** A replica that does all work by itself, without a Lease. */
export const ALONE: Replicas = {
  division: WHOLE,
  guard: (_, process) => process,
  begin: async () => {},
  members: () => 1,
  unownedMs: () => 0,
  stop: async () => {},
};

export interface ReplicasOptions
  extends Pick<MembershipOptions, 'client' | 'namespace' | 'identity' | 'now' | 'timing' | 'log'>,
    Pick<HandOverOptions, 'follow' | 'recordChildren' | 'onGained' | 'onDropped' | 'observer'> {}

/** Makes this replica follow and work on its buckets according to the Leases. Holds no bucket before `begin`. */
export function createReplicas(options: ReplicasOptions): Replicas {
  const { client, namespace, identity, now, ...rest } = options;
  let membership: ReturnType<typeof joinMembers> | undefined;
  const handOver = createHandOver({
    ...rest,
    giveBack: (buckets) => membership?.giveBack(buckets),
    isCurrent: () => membership?.isCurrent() === true,
  });
  return {
    division: handOver.division,
    guard: handOver.guard,
    begin() {
      const { timing, log } = rest;
      const { drain: onDraining, work: onWork, lose: onLost } = handOver;
      membership = joinMembers({ client, namespace, identity, timing, now, log, onDraining, onWork, onLost });
      return handOver.whenSettled;
    },
    members: () => membership?.members() ?? 0,
    unownedMs: () => membership?.unownedMs() ?? 0,
    stop: async () => membership?.stop(),
  };
}
