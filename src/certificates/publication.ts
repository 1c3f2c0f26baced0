import { planPublications } from './plan.ts';
import type { CertificatesObserver, Log, PublicationPort } from './ports.ts';
import { createRound, type Round, readConfigurations, tellInSync } from './round.ts';
import { createTeller } from './teller.ts';

export interface PublicationOptions {
  readonly port: PublicationPort;
  /** `kind/name` of the webhook configurations. */
  readonly configurations: readonly string[];
  readonly log: Log;
  readonly observer: CertificatesObserver;
}

/** The rounds of a replica whose certificates come from elsewhere: what the Secret's `ca.crt` holds is published. */
export function createPublication({ port, configurations: names, log, observer }: PublicationOptions): Round {
  const teller = createTeller(log, observer);
  return createRound(async () => {
    const { configurations } = await readConfigurations(port, names, teller);
    const bundle = await port.readBundle();
    observer.setAuthorityEnd(bundle?.[0]?.notAfter);
    tellInSync(observer, names, configurations, bundle);
    const problem = bundle === undefined ? 'the Secret does not exist' : 'ca.crt of the Secret holds no certificate';
    const plan = bundle?.length
      ? { steps: planPublications(configurations, bundle) }
      : { steps: [], held: { why: `nothing is published: ${problem}`, isFault: true } };
    return { plan, act: ({ configuration, bundle: wanted }) => port.publish(configuration, wanted) };
  }, teller);
}
