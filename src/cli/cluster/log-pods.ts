import { displayText } from '../../dag/display.ts';
import type { KubeObject } from '../../objects/object.ts';
import { asRecord } from '../../orchestration/decode.ts';
import { Annotation } from '../../orchestration/vocabulary/metadata.ts';

/** The container of a pod whose log is shown. If it has not started, `why` says why, as a clause. */
export interface PodLog {
  readonly container: string;
  readonly why?: string;
  /** Whether the pod has succeeded or failed. */
  readonly hasEnded: boolean;
}

/** Chooses the container as kubectl does, and says whether it has started. */
export function readPod({ metadata, spec, status }: KubeObject): PodLog {
  const names = records(asRecord(spec)['containers']).flatMap(({ name }) => (typeof name === 'string' ? [name] : []));
  const wanted = asRecord(metadata.annotations)[Annotation.DefaultContainer];
  const container = names.find((name) => name === wanted) ?? names[0] ?? '';
  const { phase, containerStatuses } = asRecord(status);
  const hasEnded = phase === 'Succeeded' || phase === 'Failed';
  const { state } = records(containerStatuses).find(({ name }) => name === container) ?? {};
  const { running, terminated, waiting } = asRecord(state);
  if (running !== undefined || terminated !== undefined) return { container, hasEnded };
  return { container, hasEnded, why: describeLack(asRecord(status), asRecord(waiting)) };
}

/**
 * Describes why a container has not started, in the words of the kubelet, of the scheduler, or of what ended the pod.
 */
function describeLack(status: Readonly<Record<string, unknown>>, waiting: Readonly<Record<string, unknown>>): string {
  const unmet = records(status['conditions']).find(({ type, status: is }) => type === 'PodScheduled' && is === 'False');
  const { reason, message } = [waiting, asRecord(unmet), status].find((one) => one['reason'] !== undefined) ?? {};
  const words = [reason, message].filter((word) => typeof word === 'string' && word !== '');
  return words.length === 0 ? 'it is Pending' : displayText(words.join(': '));
}

function records(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.map(asRecord) : [];
}
