import { type Cluster as Api, isApiFailure } from '../cli/cluster/port.ts';
import { readRun } from '../cli/cluster/run.ts';
import { displayName } from '../dag/display.ts';
import type { KubeObject } from '../objects/object.ts';
import { asRecord } from '../orchestration/decode.ts';
import type { EventView, RunEvents } from './page/protocol.ts';
import { viewName, viewText } from './texts.ts';

/** Each object is one request to the API server. The children that changed last are asked about. */
const MOST_CHILDREN = 20;
const MOST_EVENTS = 200;

/** An object whose Events are shown. */
interface Subject {
  readonly uid: string;
  readonly step?: string;
}

/** Reads the Events of a run and its latest children, or of the child of one step. Throws ApiFailure. */
export async function readRunEvents(api: Api, object: KubeObject, step: string | undefined): Promise<RunEvents> {
  const children = listChildren(object).filter((child) => step === undefined || child.step === step);
  const asked =
    step === undefined ? [{ uid: object.metadata.uid ?? '' }, ...children.slice(0, MOST_CHILDREN)] : children;
  const { namespace } = api;
  const found = await Promise.all(
    asked.map(async (subject) =>
      (await api.listEvents({ namespace, uid: subject.uid })).map((event) => viewEvent(event, subject)),
    ),
  );
  const events = found.flat().sort((left, right) => (left.lastAt < right.lastAt ? 1 : -1));
  const rest = step === undefined ? children.length - MOST_CHILDREN : 0;
  const sentences = [
    ...(rest > 0 ? [`Choose a step to see its own: the Events of ${rest} more children are not shown.`] : []),
    ...(events.length > MOST_EVENTS ? [`${events.length - MOST_EVENTS} older Events are not shown.`] : []),
  ];
  return {
    events: events.slice(0, MOST_EVENTS),
    ...(sentences.length > 0 && { sentence: sentences.join(' ') }),
  };
}

/** The children that are recorded, those that changed last first. */
function listChildren(object: KubeObject): readonly (Subject & { readonly step: string })[] {
  return readRun(object)
    .status.stepStatuses.flatMap(({ name, uid, resourceRef, lastTransitionTime = '' }) => {
      const childUid = resourceRef?.uid ?? uid;
      return childUid === undefined ? [] : [{ step: name, uid: childUid, at: lastTransitionTime }];
    })
    .sort((left, right) => (left.at < right.at ? 1 : -1));
}

/** Older clients write `lastTimestamp` and `count`, newer ones `eventTime` and `series`. */
function viewEvent(event: KubeObject, { step }: Subject): EventView {
  const { reason, message, type, firstTimestamp, lastTimestamp, eventTime, count, metadata } = event;
  const { lastObservedTime, count: repeated } = asRecord(event['series']);
  const { kind, name } = asRecord(event['involvedObject']);
  const textOf = (...values: readonly unknown[]) =>
    values.find((value): value is string => typeof value === 'string') ?? '';
  const numberOf = (...values: readonly unknown[]) =>
    values.find((value): value is number => typeof value === 'number') ?? 1;
  const created = metadata.creationTimestamp;
  return {
    type: type === 'Warning' ? 'Warning' : 'Normal',
    reason: displayName(textOf(reason)),
    message: viewText('', textOf(message)).value,
    kind: displayName(textOf(kind)),
    name: viewName(textOf(name)),
    ...(step !== undefined && { step }),
    count: numberOf(repeated, count),
    firstAt: textOf(firstTimestamp, eventTime, created),
    lastAt: textOf(lastObservedTime, lastTimestamp, eventTime, created),
  };
}

/** Words a failed read for the page. Throws what is no failed call. */
export function describeReadFailure(error: unknown): string {
  if (!isApiFailure(error)) throw error;
  return error.message;
}
