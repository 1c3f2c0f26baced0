import type { Authority } from '../../src/certificates/authorities.ts';
import type { ObservedConfiguration, ObservedLeaf, ObservedSecret, PlanSettings } from '../../src/certificates/plan.ts';
import type { CertificatesObserver, RotationPort } from '../../src/certificates/ports.ts';
import { createRotation } from '../../src/certificates/rotation.ts';
import type { Round } from '../../src/certificates/round.ts';
import { silentLog } from '../support/timing.ts';

export const MINUTE_MS = 60_000;
export const DAY_MS = 24 * 60 * MINUTE_MS;

/** How far an API server may lag behind a configuration. */
const LAG_MS = 50_000;

export const settings: PlanSettings = {
  leafLifetimeMs: 30 * DAY_MS,
  authorityLifetimeMs: 90 * DAY_MS,
  settleMs: MINUTE_MS,
};

export const silentObserver: CertificatesObserver = {
  setAuthorityEnd: () => {},
  setLeafEnd: () => {},
  setInSync: () => {},
  countIssued: () => {},
  countFailure: () => {},
};

/** A call of a replica that has not been carried out yet. */
interface Call {
  readonly replica: Replica;
  readonly perform: () => void;
  readonly fail: () => void;
  readonly loseAnswer: () => void;
}

export interface Replica {
  readonly index: number;
  round: Round;
  isBusy: boolean;
  /** Completed rounds since the clock was last set. */
  rounds: number;
  leaf: ObservedLeaf | undefined;
}

/** Configurations, Secret, clock and replicas. Every call waits until the test performs it. */
export interface World {
  readonly names: readonly string[];
  readonly replicas: readonly Replica[];
  readonly configurations: Map<string, ObservedConfiguration>;
  /** The configurations whose bundle was last written by another program. */
  readonly tainted: Set<string>;
  readonly calls: Call[];
  /** The bundles that lagging API servers may still use, as far as a replica wrote them. */
  laggingBundles(name: string): readonly (readonly Authority[])[];
  /** All authorities that the Secret ever contained. */
  authorities(): Iterable<string>;
  /** The recorded end of validity of an authority's leaves. */
  leavesUntil(certificatePem: string): Date;
  now(): Date;
  secret(): ObservedSecret | undefined;
  /** A write by another program. */
  setSecret(content: ObservedSecret['content'] | undefined): void;
  setConfiguration(name: string, trusted: readonly Authority[] | undefined): void;
  /** Advances the time. */
  pass(ms: number): void;
  /** Sets the API server's clock. */
  setClock(byMs: number): void;
  begin(replica: Replica): void;
  /** Replaces every pod with a new one without a leaf and without state in memory. */
  losePods(): void;
  /** Replaces the process with a new one without state in memory. Its pending calls never happen. */
  crash(replica: Replica): void;
  /** Performs calls until no replica waits for one. */
  finish(): Promise<void>;
}

/** `names` are those of the configurations, which do not exist yet. */
export function createWorld(names: readonly string[], replicaCount: number): World {
  let clockMs = Date.parse('2026-01-01T00:00:00Z');
  let elapsedMs = 0;
  let versions = 0;
  let authorities = 0;
  let secret: ObservedSecret | undefined = { version: 'v0', content: { problem: 'is empty' } };
  const configurations = new Map<string, ObservedConfiguration>();
  const tainted = new Set<string>();
  const calls: Call[] = [];
  const recorded = new Map<string, Date>();
  const replaced = new Map<string, { readonly trusted: readonly Authority[]; readonly atMs: number }[]>();
  const now = () => new Date(clockMs);
  const nextVersion = () => `v${++versions}`;

  function call<T>(replica: Replica, effect: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      calls.push({
        replica,
        perform: () => resolve(effect()),
        fail: () => reject(new Error('refused')),
        loseAnswer: () => {
          effect();
          reject(new Error('no answer'));
        },
      });
    });
  }

  function connect(replica: Replica): RotationPort {
    const through = <T>(effect: () => T) => call(replica, effect);
    return {
      readTime: () => through(now),
      readSecret: () => through(() => secret),
      readConfiguration: (name) => through(() => configurations.get(name)),
      readLeaf: () => through(() => replica.leaf),
      isAnyGateReady: () =>
        through(() => {
          // No leaf is valid, so an API server with an old bundle loses nothing.
          if (!replicas.some(({ leaf }) => leaf && leaf.notBefore <= now() && now() <= leaf.notAfter)) replaced.clear();
          return replicas.some(({ leaf }) => leaf !== undefined);
        }),
      publish: (seen, bundle) =>
        through(() => {
          if (configurations.get(seen.name)?.version !== seen.version) return { outcome: 'Outdated' };
          if (!tainted.delete(seen.name)) {
            const trusted = (seen.webhooks[0]?.trusted ?? []) as readonly Authority[];
            replaced.set(seen.name, [...(replaced.get(seen.name) ?? []), { trusted, atMs: elapsedMs }]);
          }
          write(seen.name, bundle as readonly Authority[]);
          return { outcome: 'Done' };
        }),
      writeSecret: (seen, content) =>
        through(() => {
          if (secret?.version !== seen.version) return { outcome: 'Outdated' };
          secret = { version: nextVersion(), content };
          for (const { certificatePem, leavesUntil } of content.trusted) {
            // A plan that starts over raises `leavesUntil` only as a precaution. Only the signing authority gets new
            // leaves.
            const isKnown = recorded.has(certificatePem) && certificatePem !== content.signing?.certificatePem;
            if (!isKnown) recorded.set(certificatePem, leavesUntil);
          }
          return { outcome: 'Done' };
        }),
      issueAuthority: (at, lifetimeMs) =>
        through(() => {
          const life = lifeFrom(at, lifetimeMs);
          const name = `CA ${++authorities}`;
          return { certificatePem: name, privateKeyPem: `key of ${name}`, leavesUntil: life.notBefore, ...life };
        }),
      writeLeaf: (authority, at, lifetimeMs) =>
        through(() => {
          const issuerPem = authority.certificatePem;
          replica.leaf = { certificatePem: 'leaf', issuerPem, coversNames: true, ...lifeFrom(at, lifetimeMs) };
        }),
    };
  }

  function write(name: string, trusted: readonly Authority[]): void {
    const webhooks = [{ name: 'webhook', trusted }];
    configurations.set(name, { name, version: nextVersion(), writers: [], webhooks });
  }

  function createReplica(index: number): Replica {
    const replica: Replica = { index, round: async () => {}, isBusy: false, rounds: 0, leaf: undefined };
    boot(replica);
    return replica;
  }

  function boot(replica: Replica): void {
    replica.isBusy = false;
    replica.round = createRotation({
      port: connect(replica),
      configurations: names,
      settings,
      elapsed: () => elapsedMs,
      log: silentLog,
      observer: silentObserver,
    });
  }

  const replicas = [...Array(replicaCount).keys()].map(createReplica);

  const begin = (replica: Replica) => {
    const { round } = replica;
    replica.isBusy = true;
    void round().then(() => {
      if (replica.round !== round) return;
      replica.isBusy = false;
      replica.rounds += 1;
    });
  };

  const crash = (replica: Replica) => {
    for (let i = calls.length - 1; i >= 0; i--) if (calls[i]?.replica === replica) calls.splice(i, 1);
    boot(replica);
  };

  return {
    names,
    replicas,
    configurations,
    tainted,
    calls,
    laggingBundles: (name) =>
      (replaced.get(name) ?? []).filter(({ atMs }) => elapsedMs - atMs < LAG_MS).map(({ trusted }) => trusted),
    authorities: () => recorded.keys(),
    leavesUntil: (certificatePem) => recorded.get(certificatePem) ?? new Date(0),
    now,
    secret: () => secret,
    setSecret(content) {
      secret = content && { version: nextVersion(), content };
    },
    setConfiguration(name, trusted) {
      tainted.add(name);
      replaced.delete(name);
      if (trusted) write(name, trusted);
      else configurations.delete(name);
    },
    pass(ms) {
      clockMs += ms;
      elapsedMs += ms;
    },
    setClock(byMs) {
      clockMs += byMs;
      // On the previous clock there may have been no valid leaf. In that case no replica waits.
      replaced.clear();
      for (const replica of replicas) replica.rounds = 0;
    },
    begin,
    losePods() {
      for (const replica of replicas) {
        crash(replica);
        replica.leaf = undefined;
      }
    },
    crash,
    async finish() {
      while (replicas.some(({ isBusy }) => isBusy)) {
        calls.shift()?.perform();
        await settleRounds();
      }
    },
  };
}

/** Runs every round up to its next call. No round awaits more promises than this between two calls. */
export async function settleRounds(): Promise<void> {
  for (let i = 0; i < 30; i++) await Promise.resolve();
}

/** As in real certificates: backdated, and in whole seconds. */
function lifeFrom(at: Date, lifetimeMs: number) {
  const notAfter = new Date(Math.floor((at.getTime() + lifetimeMs) / 1_000) * 1_000);
  return { notBefore: new Date(at.getTime() - Math.min(5 * MINUTE_MS, lifetimeMs / 10)), notAfter };
}
