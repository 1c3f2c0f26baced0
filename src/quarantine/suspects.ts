/** Something that an engine looks at: an object by its kind and `namespace/name`. */
export interface Work {
  readonly kind: string;
  readonly key: string;
  /** Changes when somebody replaces or edits the object; '' where there is none. */
  readonly version: string;
}

/** What is in work, and what the deaths of engines have told about it. Keys are of `idOf`. */
export interface Suspicions {
  readonly inWork: ReadonlyMap<string, Work>;
  /** Was in work at so many deaths. The next engine looks at these first and alone. */
  readonly suspects: ReadonlyMap<string, { readonly work: Work; readonly deaths: number }>;
  /** Not to be worked on again in this version. */
  readonly quarantined: ReadonlyMap<string, Work>;
}

export const noSuspicions: Suspicions = { inWork: new Map(), suspects: new Map(), quarantined: new Map() };

/** The same for the same object in any version. */
export function idOf({ kind, key }: Pick<Work, 'kind' | 'key'>): string {
  return `${kind} ${key}`;
}

/** An object that was replaced or edited is another one: what was held against it is forgotten. */
export function beginWork({ inWork, suspects, quarantined }: Suspicions, work: Work): Suspicions {
  const id = idOf(work);
  const isChanged = (before: Work | undefined) => before !== undefined && before.version !== work.version;
  return {
    inWork: withEntry(inWork, id, work),
    suspects: isChanged(suspects.get(id)?.work) ? without(suspects, id) : suspects,
    quarantined: isChanged(quarantined.get(id)) ? without(quarantined, id) : quarantined,
  };
}

/** A look that ended killed nobody: whatever was suspected is cleared. */
export function endWork({ inWork, suspects, quarantined }: Suspicions, work: Work): Suspicions {
  const id = idOf(work);
  return { inWork: without(inWork, id), suspects: without(suspects, id), quarantined };
}

/**
 * An engine died. Unless nothing in work can have to do with it, everything in work is suspect, and what was so at
 * `deathsToQuarantine` deaths, alone at the last of them, is quarantined: suspects are looked at one at a time, while nothing
 * else is done (`work.ts`), so that the second death names the culprit: not its neighbours, and not what was just heard.
 */
export function judgeDeath(
  { inWork, suspects, quarantined }: Suspicions,
  isBlamed: boolean,
  deathsToQuarantine: number,
): Suspicions {
  if (!isBlamed) return { inWork: new Map(), suspects, quarantined };
  const suspected = new Map(suspects);
  for (const [id, work] of inWork) suspected.set(id, { work, deaths: (suspects.get(id)?.deaths ?? 0) + 1 });
  const [[id, last] = []] = inWork;
  const isProven = id !== undefined && inWork.size === 1 && (suspected.get(id)?.deaths ?? 0) >= deathsToQuarantine;
  if (!isProven || last === undefined) return { inWork: new Map(), suspects: suspected, quarantined };
  return { inWork: new Map(), suspects: without(suspected, id), quarantined: withEntry(quarantined, id, last) };
}

function withEntry<T>(map: ReadonlyMap<string, T>, id: string, value: T): ReadonlyMap<string, T> {
  return new Map(map).set(id, value);
}

function without<T>(map: ReadonlyMap<string, T>, id: string): ReadonlyMap<string, T> {
  if (!map.has(id)) return map;
  const rest = new Map(map);
  rest.delete(id);
  return rest;
}
