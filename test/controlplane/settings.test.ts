import { describe, expect, it } from 'vitest';
import { readSettings } from '../support/controlplane/settings.ts';

describe('readSettings', () => {
  it('never uses a cluster only because KUBECONFIG is set', () => {
    expect(readSettings({ KUBECONFIG: '/k' }).existingKubeconfig).toBeNull();
    expect(readSettings({ KUBECONFIG: '/k', USE_EXISTING_CLUSTER: 'false' }).existingKubeconfig).toBeNull();
    expect(readSettings({ KUBECONFIG: '/k', USE_EXISTING_CLUSTER: 'true' }).existingKubeconfig).toBe('/k');
  });

  it('rejects an existing cluster without its kubeconfig, and an unknown spelling', () => {
    expect(() => readSettings({ USE_EXISTING_CLUSTER: 'true' })).toThrow('KUBECONFIG is not set');
    expect(() => readSettings({ USE_EXISTING_CLUSTER: 'yes', KUBECONFIG: '/k' })).toThrow(
      'is "yes": set it to true or false',
    );
  });

  it('keeps programs in the cache folder of the user', () => {
    expect(readSettings({ HOME: '/home/me' }).cacheFolder).toBe('/home/me/.cache/orchestration-gate');
    expect(readSettings({ HOME: '/home/me', XDG_CACHE_HOME: '/x' }).cacheFolder).toBe('/x/orchestration-gate');
  });
});
