import { setTimeout as delay } from 'node:timers/promises';
import type { NamespacedApi, StoredObject } from './namespaced-api.ts';
import { waitUntil } from './namespaced-api.ts';

const CONTAINER = 'tool-runner';
const pollMilliseconds = 50;

/** Plays scheduler and kubelet for the pod of a Job: the Job's own controller is the real one. */
export interface Kubelet {
  /** The pod of a Job, as soon as there is one. */
  readonly podOf: (job: string) => Promise<StoredObject>;
  /** Starts the pod's container, and ends it with this exit code and termination message. */
  readonly runPod: (job: string, exitCode: number, message?: string) => Promise<void>;
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

  return { podOf, runPod: async (job, exitCode, message) => run(api, await podOf(job), exitCode, message) };
}

/** Plays both for every pod of a tool in the namespace. A pod without an exit code never starts. */
export function playKubelet(
  api: NamespacedApi,
  exitCodeOf: (pod: StoredObject) => number | undefined,
): { readonly stop: () => Promise<void> } {
  let isOver = false;

  async function runAll(): Promise<void> {
    for (const pod of await api.list('Pod')) {
      const isTool = pod['spec'].containers[0].name === CONTAINER;
      const exitCode = isTool && pod['status'].phase === 'Pending' ? exitCodeOf(pod) : undefined;
      if (exitCode !== undefined) await run(api, pod, exitCode);
    }
  }

  const playing = (async () => {
    // A pod may disappear meanwhile, and the API server may be away: the next round tries again.
    for (; !isOver; await delay(pollMilliseconds)) await runAll().catch(() => {});
  })();
  return {
    stop: () => {
      isOver = true;
      return playing;
    },
  };
}

async function run(
  api: NamespacedApi,
  { metadata: { name } }: StoredObject,
  exitCode: number,
  message = '',
): Promise<void> {
  const startedAt = new Date().toISOString().replace(/\.\d+/, '');
  const status = (phase: string, state: object) => ({
    phase,
    containerStatuses: [{ name: CONTAINER, image: 'x', imageID: 'x', ready: false, restartCount: 0, state }],
  });
  await api.setStatus('Pod', name, status('Running', { running: { startedAt } }));
  const terminated = { exitCode, startedAt, finishedAt: startedAt, message };
  await api.setStatus('Pod', name, status(exitCode === 0 ? 'Succeeded' : 'Failed', { terminated }));
}
