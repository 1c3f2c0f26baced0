import type { Entry, EntryKind, OrchestrationEntry, RunEntry } from '../protocol.ts';

/** A row of a list. */
export interface ListRow {
  readonly entry: Entry;
  /** 0 for a row at the top, and one more for each parent that is shown. */
  readonly depth: number;
  /** The number of sub-runs in the list. */
  readonly children: number;
  readonly isOpen: boolean;
}

/** Lists the entries of a kind: runs newest first, and Orchestrations by name. */
export function sortEntries(entries: Iterable<Entry>, kind: EntryKind): Entry[] {
  const found = [...entries].filter((entry) => entry.kind === kind);
  const byName = (left: Entry, right: Entry) => (left.name < right.name ? -1 : Number(left.name > right.name));
  const byAge = (left: Entry, right: Entry) => right.createdAt - left.createdAt || byName(left, right);
  return found.sort(kind === 'OrchestrationRun' ? byAge : byName);
}

/**
 * Folds sub-runs under their parents. A sub-run whose parent is not among the entries is at the top. `open` has the names
 * of the runs whose sub-runs are shown. Linear.
 */
export function foldRuns(entries: readonly Entry[], open: ReadonlySet<string>): ListRow[] {
  const names = new Set(entries.map(({ name }) => name));
  const children = new Map<string, Entry[]>();
  const top: Entry[] = [];
  for (const entry of entries) {
    const parent = parentOf(entry);
    const siblings = parent === undefined ? undefined : children.get(parent);
    if (parent === undefined || !names.has(parent) || parent === entry.name) top.push(entry);
    else if (siblings === undefined) children.set(parent, [entry]);
    else siblings.push(entry);
  }
  const rows: ListRow[] = [];
  const add = (entry: Entry, depth: number) => {
    const own = children.get(entry.name) ?? [];
    const isOpen = own.length > 0 && open.has(entry.name);
    rows.push({ entry, depth, children: own.length, isOpen });
    // A run that is its own ancestor is never at the top, so the recursion ends.
    if (isOpen) for (const child of own) add(child, depth + 1);
  };
  for (const entry of top) add(entry, 0);
  return rows;
}

function parentOf(entry: Entry): string | undefined {
  return entry.kind === 'OrchestrationRun' ? entry.parent : undefined;
}

/** Returns the names of the runs above this one, so that they can be opened. */
export function findAncestors(entries: ReadonlyMap<string, Entry>, name: string): string[] {
  const found: string[] = [];
  for (let at: string | undefined = name; at !== undefined && found.length < 20; ) {
    const entry: Entry | undefined = entries.get(`OrchestrationRun/${at}`);
    at = entry && parentOf(entry);
    if (at !== undefined) found.push(at);
  }
  return found;
}

/**
 * Describes a run in a few words: `Failed · 3 of 4, 1 skipped`. Steps that were skipped or cancelled never count as done.
 */
export function describeRun({
  phase,
  steps,
  waitsForApproval = [],
  isSuspended,
  isCancelled,
  isTemplate,
}: RunEntry): string {
  if (isTemplate) return 'Template';
  const isOpen = phase === 'Running';
  const words =
    isOpen && isCancelled
      ? 'Cancelling'
      : isOpen && isSuspended
        ? 'Suspended'
        : waitsForApproval.length > 0
          ? 'Waits for approval'
          : (phase ?? 'Not started');
  return [words, steps === undefined ? '' : describeCounts(steps, phase)].filter(Boolean).join(' · ');
}

/** Describes how far the steps of a run are. A failure is not named twice. */
function describeCounts(
  { total, succeeded = 0, failed = 0, skipped = 0, cancelled = 0 }: NonNullable<RunEntry['steps']>,
  phase?: string,
): string {
  const rest = [
    failed > 0 && phase !== 'Failed' ? `${failed} failed` : '',
    skipped > 0 ? `${skipped} skipped` : '',
    cancelled > 0 ? `${cancelled} cancelled` : '',
  ];
  return [`${succeeded + failed} of ${total}`, ...rest].filter(Boolean).join(', ');
}

/** Describes the runs of an Orchestration: `12 runs, 2 active · 92 % succeeded`. */
export function describeRuns({ phase, runs }: OrchestrationEntry): string {
  const state = phase ?? 'Not checked';
  if (runs === undefined) return `${state} · no runs`;
  const { total, active = 0, ended = {} } = runs;
  const rate = successRate(ended);
  const counts = [
    `${total.toLocaleString('en')} ${total === 1 ? 'run' : 'runs'}`,
    active > 0 ? `${active} active` : '',
  ];
  return [state, counts.filter(Boolean).join(', '), rate === undefined ? '' : `${rate} % succeeded`]
    .filter(Boolean)
    .join(' · ');
}

/** Returns the success rate in percent. Undefined if nothing has succeeded or failed. 100 and 0 are always exact. */
export function successRate({
  succeeded = 0,
  failed = 0,
}: {
  succeeded?: number;
  failed?: number;
}): number | undefined {
  const all = succeeded + failed;
  if (all === 0) return undefined;
  const rate = Math.round((100 * succeeded) / all);
  return succeeded < all ? Math.min(99, failed < all ? Math.max(1, rate) : rate) : rate;
}
