/** The texts that the table holds at most. Beyond, it begins anew, so that texts that are gone take no memory. */
const MOST_TEXTS = 4_096;
/** The JSON parser shares shorter texts already, and longer ones are seldom the same. */
const SHORTEST = 11;
const LONGEST = 128;
/** Texts below so many levels stay. It is more than a status has, and an object can be too deep for the stack. */
const MOST_LEVELS = 16;

/**
 * Objects of a cluster repeat texts: kinds, namespaces, names of steps, messages and times. The parser makes each of
 * them anew. The returned function changes an object that was just parsed, and returns it: its texts are then those of
 * the objects before, where they are equal. Uids and names of objects stay, because they are unique. A frozen part stays
 * too, because other objects share it already. Cost: linear in the object.
 */
export function createTextSharing(mostTexts = MOST_TEXTS): <Parsed>(object: Parsed) => Parsed {
  const known = new Map<string, string>();

  function share(text: string): string {
    if (text.length < SHORTEST || text.length > LONGEST) return text;
    const before = known.get(text);
    if (before !== undefined) return before;
    if (known.size >= mostTexts) known.clear();
    known.set(text, text);
    return text;
  }

  function visit(value: unknown, levels: number): void {
    if (typeof value !== 'object' || value === null || levels === 0 || Object.isFrozen(value)) return;
    const record = value as Record<string, unknown>;
    for (const key in record) {
      const inside = record[key];
      if (typeof inside !== 'string') visit(inside, levels - 1);
      else if (key !== 'uid' && (key !== 'name' || !isReference(record))) record[key] = share(inside);
    }
  }

  return (object) => {
    visit(object, MOST_LEVELS);
    return object;
  };
}

/** Whether an object is metadata or a reference, so that its name is that of an object. */
function isReference(record: Readonly<Record<string, unknown>>): boolean {
  return record['uid'] !== undefined || record['apiVersion'] !== undefined;
}
