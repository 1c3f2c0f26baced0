import type { Entry, RunEntry } from '../protocol.ts';
import type { Filter } from '../route.ts';

/** The choices of the filter of runs by phase. `active` and `approval` are groups of runs; the others are phases. */
export const RUN_CHOICES: readonly { readonly value: string; readonly word: string }[] = [
  { value: 'active', word: 'Not ended' },
  { value: 'approval', word: 'Waiting for approval' },
  { value: 'Pending', word: 'Pending' },
  { value: 'Running', word: 'Running' },
  { value: 'Succeeded', word: 'Succeeded' },
  { value: 'Failed', word: 'Failed' },
  { value: 'Cancelled', word: 'Cancelled' },
];

/** The ages that the filter offers. */
export const AGES = ['15m', '1h', '6h', '1d', '7d', '30d'] as const;

const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const FINAL: readonly string[] = ['Succeeded', 'Failed', 'Cancelled'];

/** Returns true for a run that has ended. */
export function isEnded({ phase = '' }: Pick<RunEntry, 'phase'>): boolean {
  return FINAL.includes(phase);
}

/** Parses an age such as `90s`, `15m`, `6h` or `7d` to milliseconds. Undefined if the text is not an age. */
export function readAge(text: string): number | undefined {
  const [, count, unit = ''] = /^(\d+)([smhd])$/.exec(text) ?? [];
  return count === undefined ? undefined : Number(count) * (UNITS[unit] ?? 0);
}

type Requirement = (labels: Readonly<Record<string, string>>) => boolean;

/**
 * Parses a label selector as kubectl reads it: `!key`, `key=value`, `key!=value`, `key in (a,b)`, `key notin (a,b)`,
 * separated by commas. Any other text finds labels whose key contains it, so that typing narrows the list.
 */
function readSelector(text: string): readonly Requirement[] {
  const parts = text.split(/,(?![^(]*\))/).map((part) => part.trim());
  return parts.filter(Boolean).map(readRequirement);
}

function readRequirement(text: string): Requirement {
  const [, key = '', not, values] = /^(\S+)\s+(not)?in\s*\(([^)]*)\)$/.exec(text) ?? [];
  if (values !== undefined) {
    const among = new Set(values.split(',').map((value) => value.trim()));
    return (labels) => among.has(labels[key] ?? '') !== (not !== undefined);
  }
  const [, name = '', operator, value = ''] = /^([^=!\s]+)\s*(==?|!=)\s*(\S*)$/.exec(text) ?? [];
  if (operator !== undefined) return (labels) => (labels[name] === value) === (operator !== '!=');
  if (text.startsWith('!')) return (labels) => !Object.hasOwn(labels, text.slice(1));
  return (labels) => Object.keys(labels).some((key) => key.includes(text));
}

/** Creates the test of a filter. Linear in the length of the entry. */
export function createFilter({ text, phase, of, label, age }: Filter, nowMs: number): (entry: Entry) => boolean {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const requirements = readSelector(label);
  const youngest = nowMs - (readAge(age) ?? Infinity);
  return (entry) =>
    words.every((word) => searchedText(entry).includes(word)) &&
    hasPhase(entry, phase) &&
    (of === '' || (entry.kind === 'OrchestrationRun' && entry.orchestration === of)) &&
    entry.createdAt >= youngest &&
    requirements.every((isMet) => isMet(entry.labels ?? {}));
}

/** A run is also found by the name of its Orchestration. Names of objects have no capital letters. */
function searchedText(entry: Entry): string {
  return entry.kind === 'OrchestrationRun' ? `${entry.name} ${entry.orchestration}` : entry.name;
}

function hasPhase(entry: Entry, wanted: string): boolean {
  if (wanted === '') return true;
  if (entry.kind === 'OrchestrationRun') {
    if (wanted === 'active') return !isEnded(entry) && entry.isTemplate !== true;
    if (wanted === 'approval') return (entry.waitsForApproval ?? []).length > 0;
  }
  return (entry.phase ?? '') === wanted;
}
