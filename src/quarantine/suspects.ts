/** An object that an engine processes, by its kind and `namespace/name`. */
export interface Work {
  readonly kind: string;
  readonly key: string;
  /** Changes if the object is replaced or edited. '' if there is no object. */
  readonly version: string;
}

/** The objects in work, and the conclusions from the crashes of engines. The keys are those of `idOf`. */
export interface Suspicions {
  readonly inWork: ReadonlyMap<string, Work>;
  /** Objects that were in work at this number of crashes. The next engine processes them first, one at a time. */
  readonly suspects: ReadonlyMap<string, { readonly work: Work; readonly deaths: number }>;
  /** Objects that no engine processes in this version. */
  readonly quarantined: ReadonlyMap<string, Work>;
}

export const noSuspicions: Suspicions = { inWork: new Map(), suspects: new Map(), quarantined: new Map() };

/** Returns the id of an object. It does not depend on the version. */
export function idOf({ kind, key }: Pick<Work, 'kind' | 'key'>): string {
  return `${kind} ${key}`;
}

/**
 * Records that the processing of an object begins. If the version has changed, the suspicion and the quarantine end.
 */
export function beginWork({ inWork, suspects, quarantined }: Suspicions, work: Work): Suspicions {
  const id = idOf(work);
  const isChanged = (before: Work | undefined) => before !== undefined && before.version !== work.version;
  return {
    inWork: withEntry(inWork, id, work),
    suspects: isChanged(suspects.get(id)?.work) ? without(suspects, id) : suspects,
    quarantined: isChanged(quarantined.get(id)) ? without(quarantined, id) : quarantined,
  };
}

/** Records that the processing of an object ended without a crash. The object is no longer a suspect. */
export function endWork({ inWork, suspects, quarantined }: Suspicions, work: Work): Suspicions {
  const id = idOf(work);
  return { inWork: without(inWork, id), suspects: without(suspects, id), quarantined };
}

/**
 * Records that an engine crashed. If `isBlamed`, every object in work becomes a suspect. A suspect that was in work at
 * `deathsToQuarantine` crashes, and alone at the last of them, is quarantined. An engine processes suspects one at a
 * time and does nothing else meanwhile (`work.ts`). So the second crash identifies the object that caused it, and
 * blames neither objects that were processed at the same time nor a watch event that just arrived. If not `isBlamed`,
 * no object is suspected.
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
