import type { WriteOutcome } from '../objects/outcomes.ts';
import type { Certificate } from '../tls/certificate.ts';
import type { Authorities, Authority } from './authorities.ts';
import type { ObservedConfiguration, ObservedLeaf, ObservedSecret } from './plan.ts';

/** The outcome of a write that names the observed version. `Outdated` means that nothing changed. A denial throws. */
export type ConditionalWrite = Exclude<WriteOutcome, { readonly outcome: 'Refused' }>;

/**
 * Reads and writes the webhook configurations. Every function of the ports throws if a read fails, or if the outcome of
 * a write is unknown.
 */
export interface ConfigurationsPort {
  /** Undefined if the configuration does not exist. */
  readonly readConfiguration: (name: string) => Promise<ObservedConfiguration | undefined>;
  readonly publish: (seen: ObservedConfiguration, bundle: readonly Certificate[]) => Promise<ConditionalWrite>;
}

/** The port of the publication, for an authority that is provided from outside. */
export interface PublicationPort extends ConfigurationsPort {
  /** The certificates in `ca.crt` of the Secret. Undefined if the Secret does not exist. */
  readonly readBundle: () => Promise<readonly Certificate[] | undefined>;
}

/** The port of the rotation. */
export interface RotationPort extends ConfigurationsPort {
  /** Undefined if the Secret does not exist. */
  readonly readSecret: () => Promise<ObservedSecret | undefined>;
  /** Reads the API server's time. */
  readonly readTime: () => Promise<Date>;
  readonly writeSecret: (seen: ObservedSecret, authorities: Authorities) => Promise<ConditionalWrite>;
  /** Undefined if there is no pair that can be served. */
  readonly readLeaf: (trusted: readonly Authority[]) => Promise<ObservedLeaf | undefined>;
  readonly issueAuthority: (now: Date, lifetimeMs: number) => Promise<Authority>;
  /** Whether any gate is ready to answer. */
  readonly isAnyGateReady: () => Promise<boolean>;
  /** Issues a leaf and replaces both files of the previous one at once. */
  readonly writeLeaf: (authority: Authority, now: Date, lifetimeMs: number) => Promise<void>;
}

/** Called for every change of state. Must not throw. */
export interface CertificatesObserver {
  /** Undefined if there is none, or if it cannot be read. */
  setAuthorityEnd(notAfter: Date | undefined): void;
  setLeafEnd(notAfter: Date | undefined): void;
  /** False also if the configuration cannot be read or does not exist. */
  setInSync(configuration: string, isInSync: boolean): void;
  countIssued(what: 'leaf' | 'authority'): void;
  /** `operation` is the type of the step, or the read that failed. */
  countFailure(operation: string): void;
}

/** The part of a pino logger that is used here. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
