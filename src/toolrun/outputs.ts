import { isControlledBy, type KubeObject, type StoredObject } from '../objects/object.ts';
import { asRecord, isRecord } from '../orchestration/decode.ts';
import type { Outputs } from '../orchestration/outputs.ts';
import { CONTAINER } from './job.ts';

/** What the termination message of a Job says. All but Outputs have a sentence for people. */
export type Reading =
  | { readonly type: 'Outputs'; readonly outputs: Outputs }
  /** The message is not a JSON object, so there are no outputs. */
  | { readonly type: 'Unreadable'; readonly message: string }
  /** The message was not seen. */
  | { readonly type: 'Unknown'; readonly message: string }
  /** Kubelet has cut the message. */
  | { readonly type: 'Cut'; readonly message: string };

/** Kubelet cuts longer messages to this many bytes. */
const MOST_BYTES = 4_096;

/**
 * Reads the outputs of a completed Job from the termination message of the pod that succeeded. `pods` are all pods of
 * the Job; undefined if they may not be listed. Total.
 */
export function readOutputs({ metadata }: StoredObject, pods: readonly KubeObject[] | undefined): Reading {
  const { name, uid } = metadata;
  if (pods === undefined)
    return { type: 'Unknown', message: `the outputs are unknown: the pods of Job ${name} cannot be listed` };
  const pod = pods.find((one) => isControlledBy(one, uid) && asRecord(one['status'])['phase'] === 'Succeeded');
  const text = pod && readMessage(pod);
  if (text === undefined) {
    const message = `the outputs are unknown: the pod of Job ${name} was gone before its termination message was read`;
    return { type: 'Unknown', message };
  }
  const bytes = new TextEncoder().encode(text).length;
  if (bytes >= MOST_BYTES) {
    const limit = `must be shorter than ${MOST_BYTES} bytes, because Kubernetes cuts a longer one`;
    return { type: 'Cut', message: `the termination message ${limit}: write smaller outputs` };
  }
  return parseMessage(text);
}

/** The message of the container of a Tool or, in a Job of another executor, of the first container. */
function readMessage({ status }: KubeObject): string | undefined {
  const { containerStatuses } = asRecord(status);
  const containers = Array.isArray(containerStatuses) ? containerStatuses.map(asRecord) : [];
  const { state } = containers.find(({ name }) => name === CONTAINER) ?? containers[0] ?? {};
  const { terminated } = asRecord(state);
  if (!isRecord(terminated)) return undefined;
  return typeof terminated['message'] === 'string' ? terminated['message'] : '';
}

/** Each key of the object is an output, except those whose value is null. */
function parseMessage(text: string): Reading {
  if (text.trim() === '') return { type: 'Outputs', outputs: {} };
  const parsed = text.trimStart().startsWith('{') ? parseExactly(text) : undefined;
  if (!isRecord(parsed)) {
    const message = 'the termination message is not a JSON object, so the ToolRun has no outputs';
    return { type: 'Unreadable', message };
  }
  const entries = Object.entries(parsed).filter(([, value]) => value !== null);
  const outputs = Object.fromEntries(entries.map(([key, value]) => [key.toWellFormed(), render(value)]));
  return { type: 'Outputs', outputs };
}

function render(value: unknown): string {
  return (typeof value === 'string' ? value : JSON.stringify(value)).toWellFormed();
}

/** The parts of JSON that keep the digits of a number: https://github.com/tc39/proposal-json-parse-with-source. */
const exactJson = JSON as unknown as {
  parse: (text: string, revive: (key: string, value: unknown, context: { source?: string }) => unknown) => unknown;
  rawJSON: (text: string) => unknown;
};

/** Parses JSON so that `JSON.stringify` writes every number with all its digits. Undefined if the text is not JSON. */
function parseExactly(text: string): unknown {
  try {
    return exactJson.parse(text, (_, value, { source = '' }) =>
      typeof value === 'number' ? exactJson.rawJSON(canonicalNumber(value, source)) : value,
    );
  } catch {
    return undefined;
  }
}

/** Writes a number as JavaScript does, or as it was written if that would lose digits. */
function canonicalNumber(value: number, source: string): string {
  const canonical = String(value);
  return significantDigits(canonical) === significantDigits(source) ? canonical : source;
}

function significantDigits(number: string): string {
  const [mantissa = ''] = number.split(/e/i);
  return mantissa.replace(/\D/g, '').replace(/^0+|0+$/g, '');
}
