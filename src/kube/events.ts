import { nameFrom } from '../objects/names.ts';
import type { EventReason } from '../orchestration/vocabulary/event-reasons.ts';
import { KubeErrorReason } from '../orchestration/vocabulary/kube-error-reasons.ts';
import type { KubeClient } from './client.ts';
import { KubeError } from './errors.ts';
import { EVENTS } from './kinds.ts';
import type { Log } from './ports.ts';
import { apiVersionOf, type Resource } from './resources.ts';

/**
 * Writes an Event. `identity` distinguishes the Event from others with the same object and reason: the API server
 * stores one Event for each identity, until that Event expires. The default is the time.
 */
export type RecordEvent = (
  resource: Resource,
  object: { readonly namespace: string; readonly name: string; readonly uid: string },
  type: 'Normal' | 'Warning',
  reason: EventReason,
  message: string,
  identity?: string,
) => Promise<void>;

export interface RecorderOptions {
  readonly client: Pick<KubeClient, 'create'>;
  readonly component: string;
  readonly now: () => Date;
  readonly log: Pick<Log, 'warn'>;
}

/** Creates a function that writes events. The result resolves in any case: a failed write is only logged. */
export function createRecorder({ client, component, now, log }: RecorderOptions): RecordEvent {
  return async (resource, { namespace, name, uid }, type, reason, message, identity) => {
    const time = now().toISOString();
    const event = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { namespace, name: nameFrom(name, [uid, reason, identity ?? time]) },
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
    await client.create(EVENTS, event).catch((error: unknown) => {
      if (!isAlreadyThere(error)) log.warn({ error, reason }, 'event not recorded');
    });
  };
}

function isAlreadyThere(error: unknown): boolean {
  return error instanceof KubeError && error.reason === KubeErrorReason.AlreadyExists;
}
