import type { NamespacedApi, StoredObject } from './namespaced-api.ts';
import { waitUntil } from './namespaced-api.ts';

const CONTAINER = 'tool-runner';

/** Plays scheduler and kubelet for the pod of a Job: the Job's own controller is the real one. */
export interface Kubelet {
  /** The pod of a Job, as soon as there is one. */
  readonly podOf: (job: string) => Promise<StoredObject>;
  /** Starts the pod's container, and ends it with this exit code. */
  readonly runPod: (job: string, exitCode: number) => Promise<void>;
}

export function createKubelet(api: NamespacedApi): Kubelet {
  async function podOf(job: string): Promise<StoredObject> {
    let pod: StoredObject | undefined;
    await waitUntil(`a pod of Job ${job}`, async () => {
      pod = (await api.list('Pod')).find(({ metadata }) => metadata.labels?.['job-name'] === job);
      return pod !== undefined;
    });
    return pod as StoredObject;
  }

  async function runPod(job: string, exitCode: number): Promise<void> {
    const { name } = (await podOf(job)).metadata;
    const startedAt = new Date().toISOString().replace(/\.\d+/, '');
    const status = (phase: string, state: object) => ({
      phase,
      containerStatuses: [{ name: CONTAINER, image: 'x', imageID: 'x', ready: false, restartCount: 0, state }],
    });
    await api.setStatus('Pod', name, status('Running', { running: { startedAt } }));
    const terminated = { exitCode, startedAt, finishedAt: startedAt };
    await api.setStatus('Pod', name, status(exitCode === 0 ? 'Succeeded' : 'Failed', { terminated }));
  }

  return { podOf, runPod };
}
