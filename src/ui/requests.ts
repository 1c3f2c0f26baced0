import { isObjectName } from '../cli/flags.ts';
import { asRecord, isRecord } from '../orchestration/decode.ts';
import { isEntryKind } from './entries.ts';
import type {
  Action,
  EntryKey,
  LogQuery,
  RunEventsQuery,
  SelectionRequest,
  StreamQuery,
  ValueQuery,
} from './page/protocol.ts';

/**
 * Reads a request of the page from any value. Returns undefined for a malformed request, which the page never sends. A
 * name is valid only if it cannot change which path of the API server is asked.
 */
type Reader<T> = (request: unknown) => T | undefined;

export const readStreamQuery: Reader<StreamQuery> = (request) => {
  const { namespace, kind, name } = asRecord(request);
  if (namespace !== undefined && !isName(namespace)) return undefined;
  const key = readKey({ kind, name });
  if (key === undefined && (kind !== undefined || name !== undefined)) return undefined;
  return { ...(namespace !== undefined && { namespace }), ...key };
};

export const readSelectionRequest: Reader<SelectionRequest> = (request) => {
  const { stream, selected } = asRecord(request);
  const key = selected === null ? null : readKey(selected);
  return typeof stream === 'string' && key !== undefined ? { stream, selected: key } : undefined;
};

export const readValueQuery: Reader<ValueQuery> = (request) => {
  const { namespace, run, of, step, name } = asRecord(request);
  if (!isName(namespace) || !isName(run) || typeof name !== 'string') return undefined;
  if (of === 'parameters') return { namespace, run, of, name };
  if ((of !== 'outputs' && of !== 'inputs') || typeof step !== 'string') return undefined;
  return { namespace, run, of, step, name };
};

export const readRunEventsQuery: Reader<RunEventsQuery> = (request) => {
  const { namespace, run, step } = asRecord(request);
  if (!isName(namespace) || !isName(run) || (step !== undefined && typeof step !== 'string')) return undefined;
  return { namespace, run, ...(step !== undefined && { step }) };
};

export const readLogQuery: Reader<LogQuery> = (request) => {
  const { namespace, run, step, attempt, tail } = asRecord(request);
  if (!isName(namespace) || !isName(run) || typeof step !== 'string') return undefined;
  if (!isCount(attempt) || !isCount(tail)) return undefined;
  return { namespace, run, step, ...(attempt !== undefined && { attempt }), ...(tail !== undefined && { tail }) };
};

export const readAction: Reader<Action> = (request) => {
  const { verb, namespace, run, orchestration, parameters, deliveryId, steps, isLatest, step, comment, isNow } =
    asRecord(request);
  if (!isName(namespace)) return undefined;
  if (verb === 'run') {
    if (!isName(orchestration) || !isTexts(parameters) || !isUuid(deliveryId)) return undefined;
    return { verb, namespace, orchestration, parameters, deliveryId };
  }
  if (!isName(run)) return undefined;
  switch (verb) {
    case 'rerun':
      if (!isTextList(steps) || typeof isLatest !== 'boolean' || !isUuid(deliveryId)) return undefined;
      return { verb, namespace, run, steps, isLatest, deliveryId };
    case 'approve':
    case 'deny':
      if (typeof step !== 'string' || typeof comment !== 'string') return undefined;
      return { verb, namespace, run, step, comment };
    case 'cancel':
      return typeof isNow === 'boolean' ? { verb, namespace, run, isNow } : undefined;
    case 'suspend':
    case 'resume':
      return { verb, namespace, run };
    default:
      return undefined;
  }
};

function readKey(value: unknown): EntryKey | undefined {
  const { kind, name } = asRecord(value);
  return isEntryKind(kind) && isName(name) ? { kind, name } : undefined;
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && isObjectName(value);
}

function isCount(value: unknown): value is string | undefined {
  return value === undefined || (typeof value === 'string' && /^\d{1,6}$/.test(value));
}

function isUuid(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(value);
}

function isTexts(value: unknown): value is Readonly<Record<string, string>> {
  return isRecord(value) && isTextList(Object.values(value));
}

function isTextList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string');
}
