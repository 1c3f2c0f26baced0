import { quoteName } from '../../dag/display.ts';
import { suggestName } from '../../dag/suggest.ts';
import { asRecord } from '../../orchestration/decode.ts';
import { API_VERSION, GROUP } from '../../orchestration/schema.ts';

export type OurKind = 'Orchestration' | 'OrchestrationRun';

const KINDS: readonly string[] = ['Orchestration', 'OrchestrationRun'] satisfies OurKind[];

/** Returns the kind of an object. Undefined if it is not one of ours. */
export function kindOf(value: unknown): OurKind | undefined {
  const { apiVersion, kind } = asRecord(value);
  return apiVersion === API_VERSION && isOurKind(kind) ? kind : undefined;
}

/**
 * Returns what is wrong with an object that is nearly one of ours and that no API server knows. Undefined for any other
 * object.
 */
export function findMisspelling(value: unknown): { field: 'apiVersion' | 'kind'; message: string } | undefined {
  const { apiVersion, kind } = asRecord(value);
  const group = typeof apiVersion === 'string' ? apiVersion.slice(0, apiVersion.lastIndexOf('/') + 1) : '';
  if (isOurKind(kind) && isNearGroup(group)) {
    const found = typeof apiVersion === 'string' ? `is ${quoteName(apiVersion)}` : 'is absent';
    return { field: 'apiVersion', message: `${found}, but the apiVersion of ${kind} is ${API_VERSION}: use that one` };
  }
  if (group !== `${GROUP}/` || typeof kind !== 'string') return undefined;
  const meant = suggestName(kind, KINDS);
  const cure = meant === undefined ? `its kinds are ${KINDS.join(' and ')}` : `did you mean ${quoteName(meant)}?`;
  return { field: 'kind', message: `${GROUP} has no kind ${quoteName(kind)}: ${cure}` };
}

function isOurKind(kind: unknown): kind is OurKind {
  return typeof kind === 'string' && KINDS.includes(kind);
}

/** Whether a group is absent, is one of the same makers, or differs in a letter or two. `group` ends with a slash. */
function isNearGroup(group: string): boolean {
  return group === '' || group.includes('proompteng') || suggestName(group, [`${GROUP}/`]) !== undefined;
}
