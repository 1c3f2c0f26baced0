/** A step name ends before one of these, or before the spaces in front of it, because a step is read field by field. */
const NAME_END = /[ \t\r\n]*[.[]/g;
/** The characters that an undeclared name is assumed to have. */
const PLAUSIBLE = /[A-Za-z0-9_-]*/y;
/** A Kubernetes name has at most 253 characters. */
const LONGEST_NAME = 253;

/**
 * Returns where the step name that starts at `start` ends: the longest declared name with a field after it, or else the
 * longest run of characters that names of steps usually have, which may be empty.
 */
export function findStepNameEnd(text: string, start: number, declared: ReadonlySet<string>): number {
  let longest = start;
  NAME_END.lastIndex = start;
  for (let found = NAME_END.exec(text); found !== null; found = NAME_END.exec(text)) {
    if (found.index > start + LONGEST_NAME) break;
    if (declared.has(text.slice(start, found.index))) longest = found.index;
  }
  if (longest > start) return longest;
  PLAUSIBLE.lastIndex = start;
  return start + (PLAUSIBLE.exec(text)?.[0].length ?? 0);
}
