import type { WriteOutcome } from '../objects/outcomes.ts';
import type { Certificate } from '../tls/certificate.ts';
import type { Authorities, Authority } from './authorities.ts';
import type { ObservedConfiguration, ObservedLeaf, ObservedSecret } from './plan.ts';

/** What became of a write that names the version which was observed: `Outdated` changed nothing. A denial throws. */
export type ConditionalWrite = Exclude<WriteOutcome, { readonly outcome: 'Refused' }>;

/** The webhook configurations. Every function here throws when it cannot tell, or when a write may or may not have happened. */
export interface ConfigurationsPort {
  /** Undefined: there is no such configuration. */
  readonly readConfiguration: (name: string) => Promise<ObservedConfiguration | undefined>;
  readonly publish: (seen: ObservedConfiguration, bundle: readonly Certificate[]) => Promise<ConditionalWrite>;
}

/** What the publication of somebody else's authority acts through. */
export interface PublicationPort extends ConfigurationsPort {
  /** The certificates of the Secret's `ca.crt`. Undefined: there is no such Secret. */
  readonly readBundle: () => Promise<readonly Certificate[] | undefined>;
}

/** What the rotation acts through. */
export interface RotationPort extends ConfigurationsPort {
  /** Undefined: there is no such Secret. */
  readonly readSecret: () => Promise<ObservedSecret | undefined>;
  /** The time of the API server. */
  readonly readTime: () => Promise<Date>;
  readonly writeSecret: (seen: ObservedSecret, authorities: Authorities) => Promise<ConditionalWrite>;
  /** Undefined: there is no pair that can be served. */
  readonly readLeaf: (trusted: readonly Authority[]) => Promise<ObservedLeaf | undefined>;
  readonly issueAuthority: (now: Date, lifetimeMs: number) => Promise<Authority>;
  /** Whether some gate is ready to answer. */
  readonly isAnyGateReady: () => Promise<boolean>;
  /** Issues a leaf and replaces the one before, both files at once. */
  readonly writeLeaf: (authority: Authority, now: Date, lifetimeMs: number) => Promise<void>;
}

/** Told about everything that happens; must not throw. */
export interface CertificatesObserver {
  /** Undefined: there is none, or it cannot be read. */
  setAuthorityEnd(notAfter: Date | undefined): void;
  setLeafEnd(notAfter: Date | undefined): void;
  /** False also for a configuration that cannot be read or does not exist. */
  setInSync(configuration: string, isInSync: boolean): void;
  countIssued(what: 'leaf' | 'authority'): void;
  /** `operation`: the kind of step, or what could not be read. */
  countFailure(operation: string): void;
}

/** The part of a pino logger that is used here. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
