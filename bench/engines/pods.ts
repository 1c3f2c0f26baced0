import { namespacedResource } from '../../src/kube/resources.ts';
import type { KubeObject } from '../../src/objects/object.ts';
import type { Ending } from './engine.ts';

export const PODS = namespacedResource('', 'v1', 'Pod', 'pods');

/** Returns the status of a pod whose containers all run, as a kubelet writes it. */
export function runningPod(pod: KubeObject): object {
  const startedAt = seconds(new Date());
  return { phase: 'Running', startTime: startedAt, ...containers(pod, { running: { startedAt } }, true) };
}

/** Returns the status of a pod whose containers have all ended. */
export function endedPod(pod: KubeObject, ending: Ending): object {
  const at = seconds(new Date());
  const exitCode = ending === 'Succeeded' ? 0 : 1;
  const reason = ending === 'Succeeded' ? 'Completed' : 'Error';
  const terminated = { exitCode, reason, startedAt: at, finishedAt: at };
  return { phase: ending, ...containers(pod, { terminated }, false) };
}

function containers(pod: KubeObject, state: object, ready: boolean): object {
  const { containers: own, initContainers = [] } = pod['spec'] as Spec;
  const status = ({ name, image }: Container, of: object) => ({
    ...{ name, image, imageID: image, restartCount: 0, ready, state: of },
  });
  const at = seconds(new Date());
  const done = { terminated: { exitCode: 0, reason: 'Completed', startedAt: at, finishedAt: at } };
  return {
    containerStatuses: own.map((container) => status(container, state)),
    initContainerStatuses: initContainers.map((container) => ({ ...status(container, done), ready: true })),
  };
}

interface Container {
  readonly name: string;
  readonly image: string;
}

interface Spec {
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
}

/** Formats a time as Kubernetes does: without fractions of a second. */
function seconds(time: Date): string {
  return time.toISOString().replace(/\.\d+/, '');
}
