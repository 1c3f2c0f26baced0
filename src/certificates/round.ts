import type { Certificate } from '../tls/certificate.ts';
import { isInSync, type ObservedConfiguration, type Plan, type Step } from './plan.ts';
import type { CertificatesObserver, ConditionalWrite, ConfigurationsPort } from './ports.ts';
import type { Teller } from './teller.ts';

/** Looks at everything and does what is to be done. Never throws: what goes wrong is told, and the next round tries again. */
export type Round = () => Promise<void>;

/** More than any repair takes: a first start needs five. What is left waits for the next round. */
const LOOKS_A_ROUND = 12;

/** What one look found to do, and how. */
export interface Look<S extends Step> {
  readonly plan: Plan<S>;
  readonly act: (step: S) => Promise<ConditionalWrite>;
}

/** Looks and acts until there is nothing left to do, or nothing of it succeeds. */
export function createRound<S extends Step>(look: () => Promise<Look<S>>, teller: Teller): Round {
  return async () => {
    try {
      for (let left = LOOKS_A_ROUND; left > 0; left--) {
        const { plan, act } = await look();
        teller.tellHeld(plan.steps.length === 0 ? plan.held : undefined);
        let hasChanged = false;
        for (const step of plan.steps) hasChanged = (await carryOut(step, act, teller)) || hasChanged;
        if (!hasChanged) break;
      }
      teller.succeed('Observe');
    } catch (error) {
      teller.fail('Observe', error);
    }
  };
}

/** Whether there is something new to look at. */
async function carryOut<S extends Step>(step: S, act: Look<S>['act'], teller: Teller): Promise<boolean> {
  const subject = step.type === 'Publish' ? step.configuration.name : undefined;
  try {
    const { outcome } = await act(step);
    teller.succeed(step.type, subject);
    if (outcome === 'Done') teller.tellDone(step);
    return true;
  } catch (error) {
    teller.fail(step.type, error, subject);
    return false;
  }
}

/** One that cannot be read does not keep the others from being repaired; one that does not exist is left out. */
export async function readConfigurations(
  port: ConfigurationsPort,
  names: readonly string[],
  teller: Teller,
): Promise<{ readonly configurations: readonly ObservedConfiguration[]; readonly unseen: readonly string[] }> {
  const unseen: string[] = [];
  const read = async (name: string) => {
    try {
      const configuration = await port.readConfiguration(name);
      teller.succeed('ReadConfiguration', name);
      teller.tellMissing(name, configuration === undefined);
      return configuration ?? [];
    } catch (error) {
      unseen.push(name);
      teller.fail('ReadConfiguration', error, name);
      return [];
    }
  };
  return { configurations: (await Promise.all(names.map(read))).flat(), unseen };
}

/** Without a bundle nothing is in sync, and neither is a configuration that does not exist: both want attention. */
export function tellInSync(
  observer: CertificatesObserver,
  names: readonly string[],
  configurations: readonly ObservedConfiguration[],
  bundle: readonly Certificate[] = [],
): void {
  const inSync = configurations.filter((configuration) => bundle.length > 0 && isInSync(configuration, bundle));
  for (const name of names)
    observer.setInSync(
      name,
      inSync.some((configuration) => configuration.name === name),
    );
}
