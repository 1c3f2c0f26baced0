import type { KubeClient } from '../kube/client.ts';
import type { Log } from '../kube/ports.ts';
import { apiVersionOf, EVENTS, type Resource } from '../kube/resources.ts';
import type { EventReason } from '../orchestration/vocabulary/event-reasons.ts';
import { type Hash, nameFrom } from '../reconciler/names.ts';

export type RecordEvent = (
  resource: Resource,
  object: { readonly namespace: string; readonly name: string; readonly uid: string },
  type: 'Normal' | 'Warning',
  reason: EventReason,
  message: string,
) => Promise<void>;

export interface RecorderOptions {
  readonly client: Pick<KubeClient, 'create'>;
  readonly component: string;
  readonly hash: Hash;
  readonly now: () => Date;
  readonly log: Pick<Log, 'warn'>;
}

/** Writes events. An event is a courtesy: nothing waits for it in vain, and one that is lost is only logged. */
export function createRecorder({ client, component, hash, now, log }: RecorderOptions): RecordEvent {
  return async (resource, { namespace, name, uid }, type, reason, message) => {
    const time = now().toISOString();
    const event = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { namespace, name: nameFrom(hash, name, [uid, reason, time]) },
      involvedObject: { apiVersion: apiVersionOf(resource), kind: resource.kind, namespace, name, uid },
      type,
      reason,
      message,
      firstTimestamp: time,
      lastTimestamp: time,
      count: 1,
      source: { component },
      reportingComponent: component,
    };
    await client.create(EVENTS, event).catch((error: unknown) => log.warn({ error, reason }, 'event not recorded'));
  };
}
