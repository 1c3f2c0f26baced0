import type { Certificate } from '../tls/certificate.ts';
import { type Expiry, judgeLife } from '../tls/expiry.ts';
import { type Authorities, type Authority, assign, replaceAuthority } from './authorities.ts';

/**
 * The input of one decision. Configurations were read before the Secret (see `Publish`), or again after an invalid one.
 */
export interface Observation {
  /** The API server's time, because the API server verifies the certificates. */
  readonly now: Date;
  /** Undefined if the Secret does not exist. */
  readonly secret: ObservedSecret | undefined;
  /** The configurations that exist. */
  readonly configurations: readonly ObservedConfiguration[];
  /** The configurations that could not be read, so that it is unknown what they trust. */
  readonly unseen: readonly string[];
  /** This replica's own leaf, if it can be served. */
  readonly leaf: ObservedLeaf | undefined;
  /** How long this process has seen every configuration trust the next authority without interruption. */
  readonly nextTrustedForMs: number;
  /** Whether a gate is ready and so serves a leaf. True if that is unknown, and while an authority signs. */
  readonly isAnyGateReady: boolean;
}

export interface ObservedSecret {
  /** Its resourceVersion. */
  readonly version: string;
  /** The authorities, or why there are none. */
  readonly content: Authorities | { readonly problem: string };
}

export interface ObservedConfiguration {
  readonly name: string;
  /** Its resourceVersion. */
  readonly version: string;
  /** The field managers that own a caBundle. They show who wrote it, if we did not. */
  readonly writers: readonly string[];
  readonly webhooks: readonly { readonly name: string; readonly trusted: readonly Certificate[] }[];
}

export interface ObservedLeaf extends Certificate {
  /** The certificate of the authority in the Secret that signed the leaf. */
  readonly issuerPem: string | undefined;
  /** Whether it is valid for every name that it should have. */
  readonly coversNames: boolean;
}

export interface PlanSettings {
  readonly leafLifetimeMs: number;
  /**
   * At least three times the leaf's lifetime, because an authority is replaced when a third of its lifetime is left.
   */
  readonly authorityLifetimeMs: number;
  /**
   * How long a new authority is published before it signs. API servers see changes to the configurations with a delay.
   */
  readonly settleMs: number;
}

/**
 * Makes a configuration trust exactly this bundle, if the configuration has not changed since it was read. The
 * configuration was read before the Secret, so a replica that was suspended in between cannot undo what another one has
 * published meanwhile.
 */
export interface Publish {
  readonly type: 'Publish';
  readonly configuration: ObservedConfiguration;
  readonly bundle: readonly Certificate[];
}

/** One write. All steps except Publish and IssueLeaf apply only to the observed version of the Secret. */
export type Step =
  | Publish
  /** Issues a new authority that signs next and is trusted in addition to `trusted`. */
  | {
      readonly type: 'BeginRotation';
      readonly trusted: readonly Authority[];
      readonly signing: Authority | undefined;
      readonly why: string;
    }
  /** The next authority signs from now on. */
  | { readonly type: 'Promote'; readonly authorities: Authorities }
  /** Raises `leavesUntil`, because the authority is about to sign a leaf that is valid for longer. */
  | { readonly type: 'Extend'; readonly authorities: Authorities }
  /** Stops trusting authorities whose last leaf has expired. */
  | { readonly type: 'Drop'; readonly authorities: Authorities }
  /** Issues a new leaf for this replica. */
  | { readonly type: 'IssueLeaf'; readonly authority: Authority; readonly lifetimeMs: number; readonly why: string };

export interface Plan<S extends Step = Step> {
  /** The steps, which are independent of each other. After them, observe and plan again. */
  readonly steps: readonly S[];
  /** Why a wanted step has to wait, as a sentence for the log. `isFault` means that a person must act. */
  readonly held?: { readonly why: string; readonly isFault: boolean };
}

/**
 * The longest lifetime that a user can set for a leaf. It is also the upper limit for leaves that we know nothing
 * about.
 */
const LONGEST_LEAF_MS = 30 * 24 * 60 * 60_000;

/**
 * `leavesUntil` is a tenth longer than the lifetime of a leaf. If several replicas issue leaves one after the other,
 * only the first has to write the Secret.
 */
const LEEWAY = 1.1;

/**
 * The most that the clocks of API servers may differ at the end of a validity period. Leaves are backdated by at most
 * the same time.
 */
const CLOCK_SKEW_MS = 5 * 60_000;

/**
 * Decides the next steps. The order is: repair what is published, replace the authority, replace the leaf, drop expired
 * authorities.
 */
export function planCertificates(observation: Observation, settings: PlanSettings): Plan {
  const { secret } = observation;
  if (secret === undefined) {
    return { steps: [], held: { why: 'the Secret does not exist: install the chart again', isFault: true } };
  }
  const { content } = secret;
  if ('problem' in content) return startOver(content, observation);
  const repairs = planPublications(observation.configurations, content.trusted);
  const rest = planAuthority(content, observation, settings) ??
    planLeaf(content, observation, settings) ??
    planDrop(content, observation.now) ?? { steps: [] };
  return { ...rest, steps: [...repairs, ...rest.steps] };
}

/** Returns the steps that make every configuration trust exactly these certificates. */
export function planPublications(
  configurations: readonly ObservedConfiguration[],
  bundle: readonly Certificate[],
): readonly Publish[] {
  return configurations
    .filter((configuration) => !isInSync(configuration, bundle))
    .map((configuration) => ({ type: 'Publish', configuration, bundle }));
}

/** Whether each webhook trusts exactly these certificates in this order. */
export function isInSync({ webhooks }: ObservedConfiguration, wanted: readonly Certificate[]): boolean {
  return webhooks.every(
    ({ trusted }) =>
      trusted.length === wanted.length &&
      trusted.every(({ certificatePem }, i) => certificatePem === wanted[i]?.certificatePem),
  );
}

/** Whether every client can verify a leaf of this authority now. A configuration that does not exist has no clients. */
export function isTrustedEverywhere(
  { certificatePem }: Certificate,
  { configurations, unseen }: Pick<Observation, 'configurations' | 'unseen'>,
): boolean {
  const isAmong = (trusted: readonly Certificate[]) => trusted.some((other) => other.certificatePem === certificatePem);
  return (
    unseen.length === 0 && configurations.every(({ webhooks }) => webhooks.every(({ trusted }) => isAmong(trusted)))
  );
}

/**
 * Starts over if the Secret holds no authorities: on first start, or after a person emptied or damaged it. Replicas may
 * still serve leaves of authorities whose keys are lost, so every certificate that the configurations trust stays
 * trusted until the last of those leaves has expired. Certificates that exist only in the Secret have no trusted leaves
 * yet and can be dropped.
 */
function startOver(
  { problem }: Exclude<ObservedSecret['content'], Authorities>,
  { configurations, unseen, now }: Observation,
): Plan {
  if (unseen.length > 0) {
    const why = `the Secret ${problem}, and the certificates that ${unseen.join(', ')} trusts cannot be read`;
    return { steps: [], held: { why, isFault: true } };
  }
  const latest = now.getTime() + LONGEST_LEAF_MS * LEEWAY;
  const known = configurations.flatMap(({ webhooks }) => webhooks.flatMap((webhook) => webhook.trusted));
  const byPem = new Map(known.map((certificate) => [certificate.certificatePem, certificate]));
  const trusted = [...byPem.values()]
    .filter(({ notAfter }) => notAfter >= now)
    .map((certificate) => ({ ...certificate, leavesUntil: earliest(certificate.notAfter, new Date(latest)) }));
  return { steps: [{ type: 'BeginRotation', trusted, signing: undefined, why: `the Secret ${problem}` }] };
}

/** Plans a change of the authority. Undefined if none is necessary. */
function planAuthority(authorities: Authorities, observation: Observation, settings: PlanSettings): Plan | undefined {
  const { trusted, signing, next } = authorities;
  const { now, leaf, isAnyGateReady } = observation;
  const candidate = next ?? signing;
  const spent = candidate && whyReplace(candidate, now, next !== undefined);
  if (candidate === undefined || spent) {
    const why = spent ? `the ${next ? 'next' : 'signing'} authority ${spent}` : 'no authority signs';
    return { steps: [{ type: 'BeginRotation', trusted, signing, why }] };
  }
  if (next === undefined) return undefined;
  if (!isTrustedEverywhere(next, observation)) return undefined;
  // If no gate can be serving a trusted leaf, there is nothing to wait for. This does not see a gate that holds a good
  // leaf and is only temporarily not ready. In that case, an API server with an old configuration rejects new leaves
  // until it is up to date.
  const mayBeServing = isAnyGateReady || canBeServed(leaf, now);
  const isOverlap = mayBeServing && trusted.some((other) => other !== next && isAlive(other, now));
  if (isOverlap && observation.nextTrustedForMs < settings.settleMs) return undefined;
  const promoted = { ...next, leavesUntil: planUntil(next, now, settings) };
  const { trusted: all } = replaceAuthority(authorities, promoted);
  return { steps: [{ type: 'Promote', authorities: assign(all, promoted, undefined) }] };
}

/** Plans a new leaf. Undefined if the leaf is as it should be. */
function planLeaf(authorities: Authorities, observation: Observation, settings: PlanSettings): Plan | undefined {
  const { leaf, now } = observation;
  const { signing } = authorities;
  const why = whyIssue(leaf, signing, now);
  if (why === undefined) return undefined;
  const hold = (reason: string) => ({ steps: [], held: { why: reason, isFault: observation.unseen.length > 0 } });
  if (signing === undefined || !isValid(signing, now)) {
    return hold(
      'no leaf is issued until every configuration trusts the next authority, for a minute if a gate is ready',
    );
  }
  // Do not replace a working leaf with one that a client would reject.
  if (
    canBeServed(leaf, now) &&
    leaf.issuerPem !== signing.certificatePem &&
    !isTrustedEverywhere(signing, observation)
  ) {
    return hold('the leaf is replaced when every configuration trusts the new authority');
  }
  const end = earliest(signing.notAfter, new Date(now.getTime() + settings.leafLifetimeMs));
  if (signing.leavesUntil < end) {
    const extended = { ...signing, leavesUntil: planUntil(signing, now, settings) };
    return { steps: [{ type: 'Extend', authorities: replaceAuthority(authorities, extended) }] };
  }
  return {
    steps: [{ type: 'IssueLeaf', authority: signing, lifetimeMs: end.getTime() - now.getTime(), why }],
  };
}

/** Plans to drop expired authorities. Undefined if every authority may still have a valid leaf. */
function planDrop({ trusted, signing, next }: Authorities, now: Date): Plan | undefined {
  const isNeeded = (authority: Authority) =>
    authority === signing || authority === next || authority.leavesUntil.getTime() + CLOCK_SKEW_MS >= now.getTime();
  const kept = trusted.filter(isNeeded);
  if (kept.length === trusted.length) return undefined;
  return { steps: [{ type: 'Drop', authorities: assign(kept, signing, next) }] };
}

/** Why an authority must be replaced. One that does not sign yet may be old, as long as it is valid. */
function whyReplace(authority: Authority, now: Date, isNext: boolean): string | undefined {
  const expiry = judgeLife(authority, now);
  if (expiry.state === 'fresh') return undefined;
  if (now < authority.notBefore) return `is not valid until ${authority.notBefore.toISOString()}: a clock was set`;
  return isNext && expiry.state === 'due' ? undefined : describeAge(expiry);
}

function whyIssue(leaf: ObservedLeaf | undefined, signing: Authority | undefined, now: Date): string | undefined {
  if (leaf === undefined) return 'this replica has no leaf that it can serve';
  if (signing !== undefined && leaf.issuerPem !== signing.certificatePem) return 'it was signed by another authority';
  const expiry = judgeLife(leaf, now);
  if (now < leaf.notBefore) return `it is not valid until ${leaf.notBefore.toISOString()}: a clock was set`;
  if (expiry.state !== 'fresh') return `it ${describeAge(expiry)}`;
  return leaf.coversNames ? undefined : 'it lacks some of the names';
}

function describeAge({ state, renewAt, notAfter }: Expiry): string {
  return state === 'expired'
    ? `expired at ${notAfter.toISOString()}`
    : `was due for renewal at ${renewAt.toISOString()}`;
}

function canBeServed(leaf: ObservedLeaf | undefined, now: Date): leaf is ObservedLeaf {
  return leaf?.issuerPem !== undefined && isValid(leaf, now);
}

function isValid({ notBefore, notAfter }: Certificate, now: Date): boolean {
  return notBefore <= now && now <= notAfter;
}

/** Whether the authority may have a leaf that clients accept now. */
function isAlive({ notBefore, leavesUntil }: Authority, now: Date): boolean {
  return notBefore <= now && now <= leavesUntil;
}

/** The latest end of validity for leaves that the authority issues now or soon. */
function planUntil({ notAfter }: Authority, now: Date, { leafLifetimeMs }: PlanSettings): Date {
  return earliest(notAfter, new Date(now.getTime() + leafLifetimeMs * LEEWAY));
}

function earliest(a: Date, b: Date): Date {
  return a < b ? a : b;
}
