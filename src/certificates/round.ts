import type { Certificate } from '../tls/certificate.ts';
import { isInSync, type ObservedConfiguration, type Plan, type Step } from './plan.ts';
import type { CertificatesObserver, ConditionalWrite, ConfigurationsPort } from './ports.ts';
import type { Reporter } from './reporter.ts';

/**
 * Observes the certificates and does what is necessary. Never throws: errors are reported, and the next round retries.
 */
export type Round = () => Promise<void>;

/**
 * The most passes of a round. A first start needs five, and no repair needs more than this. The next round continues.
 */
const PASSES_PER_ROUND = 12;

/** The plan of one observation, and how to carry out its steps. */
export interface Pass<S extends Step> {
  readonly plan: Plan<S>;
  readonly act: (step: S) => Promise<ConditionalWrite>;
}

/** Creates a round that observes and acts until no step is left or none succeeds. */
export function createRound<S extends Step>(observe: () => Promise<Pass<S>>, reporter: Reporter): Round {
  return async () => {
    try {
      for (let left = PASSES_PER_ROUND; left > 0; left--) {
        const { plan, act } = await observe();
        reporter.reportHeld(plan.steps.length === 0 ? plan.held : undefined);
        let hasChanged = false;
        for (const step of plan.steps) hasChanged = (await carryOut(step, act, reporter)) || hasChanged;
        if (!hasChanged) break;
      }
      reporter.succeed('Observe');
    } catch (error) {
      reporter.fail('Observe', error);
    }
  };
}

/** Carries out a step. Returns whether the state may have changed, so that a new pass is useful. */
async function carryOut<S extends Step>(step: S, act: Pass<S>['act'], reporter: Reporter): Promise<boolean> {
  const subject = step.type === 'Publish' ? step.configuration.name : undefined;
  try {
    const { outcome } = await act(step);
    reporter.succeed(step.type, subject);
    if (outcome === 'Done') reporter.reportDone(step);
    return true;
  } catch (error) {
    reporter.fail(step.type, error, subject);
    return false;
  }
}

/**
 * Reads the configurations. If one cannot be read, the others can still be repaired. Leaves out those that do not
 * exist.
 */
export async function readConfigurations(
  port: ConfigurationsPort,
  names: readonly string[],
  reporter: Reporter,
): Promise<{ readonly configurations: readonly ObservedConfiguration[]; readonly unseen: readonly string[] }> {
  const unseen: string[] = [];
  const read = async (name: string) => {
    try {
      const configuration = await port.readConfiguration(name);
      reporter.succeed('ReadConfiguration', name);
      reporter.reportMissing(name, configuration === undefined);
      return configuration ?? [];
    } catch (error) {
      unseen.push(name);
      reporter.fail('ReadConfiguration', error, name);
      return [];
    }
  };
  return { configurations: (await Promise.all(names.map(read))).flat(), unseen };
}

/**
 * Reports which configurations are in sync. Without a bundle none is, and neither is a configuration that does not
 * exist. Both need attention.
 */
export function reportInSync(
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
