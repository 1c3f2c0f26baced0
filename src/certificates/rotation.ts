import { type Authorities, assign } from './authorities.ts';
import { isTrustedEverywhere, type Observation, type PlanSettings, planCertificates, type Step } from './plan.ts';
import type { CertificatesObserver, ConditionalWrite, Log, RotationPort } from './ports.ts';
import { createReporter } from './reporter.ts';
import { createRound, type Round, readConfigurations, reportInSync } from './round.ts';

export interface RotationOptions {
  readonly port: RotationPort;
  /** `kind/name` of the webhook configurations. */
  readonly configurations: readonly string[];
  readonly settings: PlanSettings;
  /** Milliseconds on a monotonic clock. */
  readonly elapsed: () => number;
  readonly log: Log;
  readonly observer: CertificatesObserver;
}

/** Creates the rounds of a replica that issues its own certificates. Their state in memory may be lost at any time. */
export function createRotation({
  port,
  configurations: names,
  settings,
  elapsed,
  log,
  observer,
}: RotationOptions): Round {
  const reporter = createReporter(log, observer);
  /** The next authority, and since when every configuration trusts it. */
  let nextTrusted: { readonly certificatePem: string; readonly sinceMs: number } | undefined;

  /**
   * Reads the configurations, then the Secret, then the time. If the Secret is outdated, so are the configurations, and
   * the writes fail.
   */
  async function observe(): Promise<Observation> {
    let seen = await readConfigurations(port, names, reporter);
    const secret = await port.readSecret();
    const authorities = secret && !('problem' in secret.content) ? secret.content : undefined;
    // To start over, the plan needs everything that was trusted until the Secret was lost.
    if (secret !== undefined && authorities === undefined) seen = await readConfigurations(port, names, reporter);
    const now = await port.readTime();
    const leaf = await port.readLeaf(authorities?.trusted ?? []);
    const isAnyGateReady = await checkGates(authorities);
    nextTrusted = follow(authorities?.next, seen);
    observer.setAuthorityEnd((authorities?.signing ?? authorities?.next)?.notAfter);
    observer.setLeafEnd(leaf?.notAfter);
    reportInSync(observer, names, seen.configurations, authorities?.trusted);
    const nextTrustedForMs = nextTrusted ? elapsed() - nextTrusted.sinceMs : 0;
    return { ...seen, now, secret, leaf, isAnyGateReady, nextTrustedForMs };
  }

  /**
   * Returns whether a gate is ready. Reads this only if the plan uses it. If the read fails, a gate may be ready, so
   * the result is true.
   */
  async function checkGates(authorities: Authorities | undefined): Promise<boolean> {
    if (authorities === undefined || authorities.signing !== undefined) return true;
    try {
      const isReady = await port.isAnyGateReady();
      reporter.succeed('ReadEndpoints');
      return isReady;
    } catch (error) {
      reporter.fail('ReadEndpoints', error);
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
  }, reporter);
}
