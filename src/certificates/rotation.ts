import { type Authorities, assign } from './authorities.ts';
import { isTrustedEverywhere, type Observation, type PlanSettings, planCertificates, type Step } from './plan.ts';
import type { CertificatesObserver, ConditionalWrite, Log, RotationPort } from './ports.ts';
import { createRound, type Round, readConfigurations, tellInSync } from './round.ts';
import { createTeller } from './teller.ts';

export interface RotationOptions {
  readonly port: RotationPort;
  /** `kind/name` of the webhook configurations. */
  readonly configurations: readonly string[];
  readonly settings: PlanSettings;
  /** Milliseconds on a clock that never jumps. */
  readonly elapsed: () => number;
  readonly log: Log;
  readonly observer: CertificatesObserver;
}

/** The rounds of a replica that makes its own certificates. What it keeps in mind is lost without harm. */
export function createRotation({
  port,
  configurations: names,
  settings,
  elapsed,
  log,
  observer,
}: RotationOptions): Round {
  const teller = createTeller(log, observer);
  /** Since when every configuration has been seen to trust the next authority. */
  let nextTrusted: { readonly certificatePem: string; readonly sinceMs: number } | undefined;

  /** Configurations, then the Secret, then the time: whoever acts on an old Secret acts on configurations as old. */
  async function observe(): Promise<Observation> {
    let seen = await readConfigurations(port, names, teller);
    const secret = await port.readSecret();
    const authorities = secret && !('problem' in secret.content) ? secret.content : undefined;
    // Who begins anew must know all that was trusted up to the loss of the Secret.
    if (secret !== undefined && authorities === undefined) seen = await readConfigurations(port, names, teller);
    const now = await port.readTime();
    const leaf = await port.readLeaf(authorities?.trusted ?? []);
    const isAnyGateReady = await lookForGates(authorities);
    nextTrusted = follow(authorities?.next, seen);
    observer.setAuthorityEnd((authorities?.signing ?? authorities?.next)?.notAfter);
    observer.setLeafEnd(leaf?.notAfter);
    tellInSync(observer, names, seen.configurations, authorities?.trusted);
    const nextTrustedForMs = nextTrusted ? elapsed() - nextTrusted.sinceMs : 0;
    return { ...seen, now, secret, leaf, isAnyGateReady, nextTrustedForMs };
  }

  /** Asked only where it decides something. If it cannot be asked, there may be one. */
  async function lookForGates(authorities: Authorities | undefined): Promise<boolean> {
    if (authorities === undefined || authorities.signing !== undefined) return true;
    try {
      const isReady = await port.isAnyGateReady();
      teller.succeed('ReadEndpoints');
      return isReady;
    } catch (error) {
      teller.fail('ReadEndpoints', error);
      return true;
    }
  }

  function follow(next: Authorities['next'], seen: Pick<Observation, 'configurations' | 'unseen'>) {
    if (next === undefined || !isTrustedEverywhere(next, seen)) return undefined;
    const { certificatePem } = next;
    return nextTrusted?.certificatePem === certificatePem ? nextTrusted : { certificatePem, sinceMs: elapsed() };
  }

  async function act(step: Step, { now, secret }: Observation): Promise<ConditionalWrite> {
    if (step.type === 'Publish') return port.publish(step.configuration, step.bundle);
    if (step.type === 'IssueLeaf') {
      await port.writeLeaf(step.authority, now, step.lifetimeMs);
      return { outcome: 'Done' };
    }
    if (secret === undefined) return { outcome: 'Outdated' };
    if (step.type !== 'BeginRotation') return port.writeSecret(secret, step.authorities);
    const next = await port.issueAuthority(now, settings.authorityLifetimeMs);
    return port.writeSecret(secret, assign([...step.trusted, next], step.signing, next));
  }

  return createRound(async () => {
    const observation = await observe();
    return { plan: planCertificates(observation, settings), act: (step) => act(step, observation) };
  }, teller);
}
