/**
 * The most texts that the table holds. A full table is emptied, so that texts that are no longer used take no memory.
 */
const MOST_TEXTS = 4_096;
/** The JSON parser already shares shorter texts, and longer ones are rarely equal. */
const SHORTEST = 11;
const LONGEST = 128;
/**
 * Texts that are nested deeper than this are not shared. A status has fewer levels, and some objects are too deep for
 * the stack.
 */
const MOST_LEVELS = 16;

/**
 * The objects of a cluster repeat texts: kinds, namespaces, names of steps, messages and times. The parser creates each
 * of them again. The returned function takes an object that was just parsed, replaces its texts by equal texts of
 * earlier objects, and returns it. It does not replace uids and names of objects, because they are unique. It does not
 * change a frozen part, because other objects share it already. Cost: linear in the object.
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
