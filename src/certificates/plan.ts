import type { Certificate } from '../tls/certificate.ts';
import { type Expiry, judgeLife } from '../tls/expiry.ts';
import { type Authorities, type Authority, assign, replaceAuthority } from './authorities.ts';

/** Everything that one decision looks at. Configurations were read before the Secret (see `Publish`), or after a broken one. */
export interface Observation {
  /** The time of the API server, which is who judges our certificates. */
  readonly now: Date;
  /** Undefined: there is no such Secret. */
  readonly secret: ObservedSecret | undefined;
  /** Those that exist. */
  readonly configurations: readonly ObservedConfiguration[];
  /** Configurations that could not be read: what they trust is not known. */
  readonly unseen: readonly string[];
  /** This replica's own, as far as it can be served. */
  readonly leaf: ObservedLeaf | undefined;
  /** For how long this process has seen every configuration trust the next authority, without a break. */
  readonly nextTrustedForMs: number;
  /** Whether a gate is ready, so serves some leaf; true where that is not known, and while an authority signs. */
  readonly isAnyGateReady: boolean;
}

export interface ObservedSecret {
  /** Its resourceVersion. */
  readonly version: string;
  /** Or why there are none. */
  readonly content: Authorities | { readonly problem: string };
}

export interface ObservedConfiguration {
  readonly name: string;
  /** Its resourceVersion. */
  readonly version: string;
  /** The field managers that own a caBundle: who wrote it, if not we. */
  readonly writers: readonly string[];
  readonly webhooks: readonly { readonly name: string; readonly trusted: readonly Certificate[] }[];
}

export interface ObservedLeaf extends Certificate {
  /** The certificate of that authority in the Secret which signed it. */
  readonly issuerPem: string | undefined;
  /** Whether it is good for every name that it should have. */
  readonly coversNames: boolean;
}

export interface PlanSettings {
  readonly leafLifetimeMs: number;
  /** At least three times the leaf's, since it is replaced with a third of its life left. */
  readonly authorityLifetimeMs: number;
  /** For how long a new authority is published before it signs: API servers follow the configurations with a lag. */
  readonly settleMs: number;
}

/**
 * Makes a configuration trust exactly these, if it still is what was observed. Since it was read before the Secret, a
 * replica that slept meanwhile cannot take back what another has published since.
 */
export interface Publish {
  readonly type: 'Publish';
  readonly configuration: ObservedConfiguration;
  readonly bundle: readonly Certificate[];
}

/** One write. All but Publish and IssueLeaf are carried out only on the version of the Secret that was observed. */
export type Step =
  | Publish
  /** Makes a new authority that is to sign next, trusted beside `trusted`. */
  | {
      readonly type: 'BeginRotation';
      readonly trusted: readonly Authority[];
      readonly signing: Authority | undefined;
      readonly why: string;
    }
  /** The next authority signs from now on. */
  | { readonly type: 'Promote'; readonly authorities: Authorities }
  /** The authority will have signed leaves that live longer than was planned for before. */
  | { readonly type: 'Extend'; readonly authorities: Authorities }
  /** Ends the trust in authorities whose last leaf has expired. */
  | { readonly type: 'Drop'; readonly authorities: Authorities }
  /** Makes this replica's leaf anew. */
  | { readonly type: 'IssueLeaf'; readonly authority: Authority; readonly lifetimeMs: number; readonly why: string };

export interface Plan<S extends Step = Step> {
  /** Independent of each other; when they are done, observe and plan again. */
  readonly steps: readonly S[];
  /** Why something that is wanted is not among them: a sentence for the log. `isFault`: somebody must do something. */
  readonly held?: { readonly why: string; readonly isFault: boolean };
}

/** The longest life of a leaf that may be asked for: that of leaves we know nothing about is bounded by it. */
const LONGEST_LEAF_MS = 30 * 24 * 60 * 60_000;

/** Leaves are planned for a tenth longer than they live, so that of replicas which issue in turn only the first writes. */
const LEEWAY = 1.1;

/** How far the clocks of API servers may disagree about the end of a life; as leaves are back-dated. */
const CLOCK_SKEW_MS = 5 * 60_000;

/** Decides what to do next: repair what is published, then roll the authority, then the leaf, then forget. */
export function planCertificates(observation: Observation, settings: PlanSettings): Plan {
  const { secret } = observation;
  if (secret === undefined) {
    return { steps: [], held: { why: 'the Secret does not exist: install the chart again', isFault: true } };
  }
  const { content } = secret;
  if ('problem' in content) return beginAnew(content, observation);
  const repairs = planPublications(observation.configurations, content.trusted);
  const rest = planAuthority(content, observation, settings) ??
    planLeaf(content, observation, settings) ??
    planDrop(content, observation.now) ?? { steps: [] };
  return { ...rest, steps: [...repairs, ...rest.steps] };
}

/** What it takes for every configuration to trust exactly these certificates. */
export function planPublications(
  configurations: readonly ObservedConfiguration[],
  bundle: readonly Certificate[],
): readonly Publish[] {
  return configurations
    .filter((configuration) => !isInSync(configuration, bundle))
    .map((configuration) => ({ type: 'Publish', configuration, bundle }));
}

/** Whether each of its webhooks trusts exactly these, in this order. */
export function isInSync({ webhooks }: ObservedConfiguration, wanted: readonly Certificate[]): boolean {
  return webhooks.every(
    ({ trusted }) =>
      trusted.length === wanted.length &&
      trusted.every(({ certificatePem }, i) => certificatePem === wanted[i]?.certificatePem),
  );
}

/** Whether whoever is served a leaf of this authority now can verify it. A configuration that does not exist asks nobody. */
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
 * The Secret holds no authorities: the first start, or someone emptied or broke it. Replicas may still serve leaves of
 * authorities whose keys are lost, so whatever the configurations trust stays trusted until the last of them has expired.
 * Certificates that are left in the Secret alone vouch for nothing yet, so nothing is lost by not trusting them.
 */
function beginAnew(
  { problem }: Exclude<ObservedSecret['content'], Authorities>,
  { configurations, unseen, now }: Observation,
): Plan {
  if (unseen.length > 0) {
    const why = `the Secret ${problem}, and what ${unseen.join(', ')} trusts until now cannot be read`;
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

/** Undefined: the authority that signs is to be left alone. */
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
  // Where nobody can be serving a leaf that verifies, there is nothing to wait for. A gate that holds a good leaf and is not
  // ready for the moment is not seen here: then an API server that is behind refuses new leaves for as long as it is.
  const mayBeServing = isAnyGateReady || canBeServed(leaf, now);
  const isOverlap = mayBeServing && trusted.some((other) => other !== next && isAlive(other, now));
  if (isOverlap && observation.nextTrustedForMs < settings.settleMs) return undefined;
  const promoted = { ...next, leavesUntil: planUntil(next, now, settings) };
  const { trusted: all } = replaceAuthority(authorities, promoted);
  return { steps: [{ type: 'Promote', authorities: assign(all, promoted, undefined) }] };
}

/** Undefined: the leaf is as it should be. */
function planLeaf(authorities: Authorities, observation: Observation, settings: PlanSettings): Plan | undefined {
  const { leaf, now } = observation;
  const { signing } = authorities;
  const why = whyIssue(leaf, signing, now);
  if (why === undefined) return undefined;
  const hold = (reason: string) => ({ steps: [], held: { why: reason, isFault: observation.unseen.length > 0 } });
  if (signing === undefined || !isValid(signing, now)) {
    return hold(
      'no leaf can be issued before every configuration trusts the next authority, for a minute if a gate is ready',
    );
  }
  // A leaf that still serves is not given up for one that somebody would refuse.
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

/** Undefined: every authority may still have a leaf that lives. */
function planDrop({ trusted, signing, next }: Authorities, now: Date): Plan | undefined {
  const isNeeded = (authority: Authority) =>
    authority === signing || authority === next || authority.leavesUntil.getTime() + CLOCK_SKEW_MS >= now.getTime();
  const kept = trusted.filter(isNeeded);
  if (kept.length === trusted.length) return undefined;
  return { steps: [{ type: 'Drop', authorities: assign(kept, signing, next) }] };
}

/** Why an authority must be replaced; one that does not sign yet may be old, as long as it is valid. */
function whyReplace(authority: Authority, now: Date, isNext: boolean): string | undefined {
  const expiry = judgeLife(authority, now);
  if (expiry.state === 'fresh') return undefined;
  if (now < authority.notBefore) return `begins its life only at ${authority.notBefore.toISOString()}: a clock was set`;
  return isNext && expiry.state === 'due' ? undefined : describeAge(expiry);
}

function whyIssue(leaf: ObservedLeaf | undefined, signing: Authority | undefined, now: Date): string | undefined {
  if (leaf === undefined) return 'there is none that can be served';
  if (signing !== undefined && leaf.issuerPem !== signing.certificatePem) return 'it was signed by another authority';
  const expiry = judgeLife(leaf, now);
  if (now < leaf.notBefore) return `it begins its life only at ${leaf.notBefore.toISOString()}: a clock was set`;
  if (expiry.state !== 'fresh') return `it ${describeAge(expiry)}`;
  return leaf.coversNames ? undefined : 'it lacks some of the names';
}

function describeAge({ state, renewAt, notAfter }: Expiry): string {
  return state === 'expired' ? `expired at ${notAfter.toISOString()}` : `was to be renewed at ${renewAt.toISOString()}`;
}

function canBeServed(leaf: ObservedLeaf | undefined, now: Date): leaf is ObservedLeaf {
  return leaf?.issuerPem !== undefined && isValid(leaf, now);
}

function isValid({ notBefore, notAfter }: Certificate, now: Date): boolean {
  return notBefore <= now && now <= notAfter;
}

/** May there be a leaf of this authority that clients accept now? */
function isAlive({ notBefore, leavesUntil }: Authority, now: Date): boolean {
  return notBefore <= now && now <= leavesUntil;
}

/** Until when an authority's leaves may live that are issued now or soon. */
function planUntil({ notAfter }: Authority, now: Date, { leafLifetimeMs }: PlanSettings): Date {
  return earliest(notAfter, new Date(now.getTime() + leafLifetimeMs * LEEWAY));
}

function earliest(a: Date, b: Date): Date {
  return a < b ? a : b;
}
