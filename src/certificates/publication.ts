import { planPublications } from './plan.ts';
import type { CertificatesObserver, Log, PublicationPort } from './ports.ts';
import { createReporter } from './reporter.ts';
import { createRound, type Round, readConfigurations, reportInSync } from './round.ts';

export interface PublicationOptions {
  readonly port: PublicationPort;
  /** `kind/name` of the webhook configurations. */
  readonly configurations: readonly string[];
  readonly log: Log;
  readonly observer: CertificatesObserver;
}

/** Creates the rounds of a replica with provided certificates. They publish the content of `ca.crt` in the Secret. */
export function createPublication({ port, configurations: names, log, observer }: PublicationOptions): Round {
  const reporter = createReporter(log, observer);
  return createRound(async () => {
    const { configurations } = await readConfigurations(port, names, reporter);
    const bundle = await port.readBundle();
    observer.setAuthorityEnd(bundle?.[0]?.notAfter);
    reportInSync(observer, names, configurations, bundle);
    const problem = bundle === undefined ? 'the Secret does not exist' : 'ca.crt of the Secret holds no certificate';
    const plan = bundle?.length
      ? { steps: planPublications(configurations, bundle) }
      : { steps: [], held: { why: `nothing is published: ${problem}`, isFault: true } };
    return { plan, act: ({ configuration, bundle: wanted }) => port.publish(configuration, wanted) };
  }, reporter);
}
