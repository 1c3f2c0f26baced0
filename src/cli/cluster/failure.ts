import { displayText, listNames, quoteName } from '../../dag/display.ts';
import { suggestName } from '../../dag/suggest.ts';
import type { KubeObject } from '../../objects/object.ts';
import { API_VERSION } from '../../orchestration/schema.ts';
import { KubeErrorReason } from '../../orchestration/vocabulary/kube-error-reasons.ts';
import { type ApiFailure, type Cluster, type ClusterKind, isApiFailure } from './port.ts';

/** A command cannot continue, for reasons that its user can fix: one printable sentence each. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly mistakes: readonly string[];

  constructor(...mistakes: readonly string[]) {
    super(mistakes.join('; '));
    this.mistakes = mistakes;
  }
}

/** Describes why the API server refuses a call: one sentence for each field of the object that it objects to. */
export function describeFailure(failure: ApiFailure): readonly string[] {
  const { reason, message } = failure;
  if (reason === KubeErrorReason.Unauthorized) {
    return ['the API server does not accept these credentials: log in again, or choose another --context'];
  }
  if (reason === KubeErrorReason.Forbidden && message.includes(' cannot ')) {
    return [displayText(`${message}; ask for this right, or choose another --context`)];
  }
  if (reason === KubeErrorReason.Unavailable && message.startsWith('cannot connect')) {
    return [displayText(`${message}; check that it runs, and that the kubeconfig names the right cluster`)];
  }
  const causes = reason === KubeErrorReason.Invalid ? readCauses(failure) : [{ field: '', message }];
  return causes.map(({ field, message: why }) => displayText(field === '' ? why : `${field}: ${why}`));
}

/**
 * Returns why an object is denied, for each field. '' is the object itself. Leaves out the cause `<nil>`, with which
 * the API server says that a mistake keeps it from looking for more.
 */
export function readCauses({
  causes,
  reason: code,
  message,
}: ApiFailure): readonly { readonly code: string; readonly field: string; readonly message: string }[] {
  const places = causes.flatMap(({ field = '', message: why, reason = code }) =>
    why === undefined || field === '<nil>' ? [] : [{ code: reason, field, message: why }],
  );
  return places.length > 0 ? places : [{ code, field: '', message }];
}

/** Reads an object that must exist. Throws CommandError if it does not. */
export async function readExisting(cluster: Cluster, kind: ClusterKind, name: string): Promise<KubeObject> {
  try {
    return await cluster.get(kind, name);
  } catch (error) {
    if (!isApiFailure(error) || error.reason !== KubeErrorReason.NotFound) throw error;
    throw new CommandError(await explainAbsence(cluster, kind, name));
  }
}

async function explainAbsence(cluster: Cluster, kind: ClusterKind, name: string): Promise<string> {
  const absence = `no ${kind} is named ${quoteName(name)} in namespace ${quoteName(cluster.namespace)}`;
  try {
    const names = (await cluster.list(kind)).map(({ metadata }) => metadata.name);
    const meant = suggestName(name, names);
    if (meant !== undefined) return `${absence}; did you mean ${quoteName(meant)}?`;
    return `${absence}; ${names.length === 0 ? 'there is none at all' : `there are ${listNames(names)}`}`;
  } catch (error) {
    if (!isApiFailure(error)) throw error;
    return error.reason === KubeErrorReason.NotFound ? describeUnknownKind(kind) : absence;
  }
}

/** Says that the CustomResourceDefinitions are not installed. */
export function describeUnknownKind(kind: ClusterKind): string {
  return `this cluster does not know ${kind}s (${API_VERSION}): install the agents chart, or charts/orchestration-gate-crds`;
}
