import { type ConfigurationName, locateConfiguration } from './ca-bundle.ts';
import type { KubeClient } from './client.ts';
import type { Log, Timing } from './ports.ts';
import { startReflector } from './reflector.ts';
import { createStore } from './store.ts';

export interface ConfigurationWatchOptions {
  readonly client: Pick<KubeClient, 'list' | 'watch'>;
  readonly configurations: readonly ConfigurationName[];
  readonly onChange: () => void;
  readonly timing: Timing;
  readonly log: Log;
}

/** Watches each of the configurations by its name, which is all that the rights allow; ends by `stop`. */
export function watchConfigurations(options: ConfigurationWatchOptions): { readonly stop: () => Promise<void> } {
  const { client, configurations, onChange, timing, log } = options;
  const reflectors = configurations.map((configuration) => {
    const { resource, name } = locateConfiguration(configuration);
    const store = createStore({ onChange, log });
    return startReflector({ client, resource, store, timing, log, fieldSelector: `metadata.name=${name}` });
  });
  return {
    async stop() {
      await Promise.all(reflectors.map((reflector) => reflector.stop()));
    },
  };
}
