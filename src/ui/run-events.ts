import { findEvents, type RunEvent } from '../cli/cluster/find-events.ts';
import type { Cluster as Api } from '../cli/cluster/port.ts';
import { displayCount, displayName } from '../dag/display.ts';
import type { KubeObject } from '../objects/object.ts';
import { asRecord, isRecord } from '../orchestration/decode.ts';
import type { EventView, RunEvents } from './page/protocol.ts';
import { viewName, viewText } from './texts.ts';

/**
 * The most steps whose Events are read: those that changed last. Each child costs a request to the API server, and the
 * page asks again and again.
 */
const MOST_STEPS = 20;
const MOST_EVENTS = 200;

/** Reads the Events of a run and of its steps that changed last, or of one step. Throws ApiFailure. */
export async function readRunEvents(api: Api, run: KubeObject, step: string | undefined): Promise<RunEvents> {
  const steps = listSteps(run).filter(({ name }) => step === undefined || name === step);
  const asked = steps.slice(0, MOST_STEPS);
  const reduced = { ...run, status: { ...asRecord(run['status']), stepStatuses: asked } };
  const found = (await findEvents(api, reduced)).events.filter((event) => step === undefined || event.step !== '');
  const sentences = [
    ...tell(steps.length - asked.length, 'other step', ': choose a step to see its own'),
    ...tell(found.length - MOST_EVENTS, 'older Event'),
  ];
  return {
    events: found.toReversed().slice(0, MOST_EVENTS).map(viewEvent),
    ...(sentences.length > 0 && { sentence: sentences.join(' ') }),
  };
}

function tell(count: number, noun: string, more = ''): readonly string[] {
  return count > 0 ? [`Not shown: ${displayCount(count, noun)}${more}.`] : [];
}

/** Returns the steps that have started, as they are stored. Those that changed last come first. */
function listSteps({ status }: KubeObject): readonly Readonly<Record<string, unknown>>[] {
  const { stepStatuses } = asRecord(status);
  const timeOf = ({ lastTransitionTime: at }: Readonly<Record<string, unknown>>) => (typeof at === 'string' ? at : '');
  return (Array.isArray(stepStatuses) ? stepStatuses.filter(isRecord) : [])
    .filter(({ attempt }) => typeof attempt === 'number' && attempt > 0)
    .sort((left, right) => (timeOf(left) < timeOf(right) ? 1 : -1));
}

function viewEvent({ type, reason, message, step, object, count, firstMs, lastMs }: RunEvent): EventView {
  const [kind = '', name = ''] = object.split('/');
  return {
    type: type === 'Warning' ? 'Warning' : 'Normal',
    reason: displayName(reason),
    message: viewText('', message).value,
    kind: displayName(kind),
    name: viewName(name),
    ...(step !== '' && { step }),
    count,
    firstAt: new Date(firstMs).toISOString(),
    lastAt: new Date(lastMs).toISOString(),
  };
}
