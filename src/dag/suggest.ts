/** A Kubernetes name has at most 253 characters (RFC 1123 subdomain); nothing longer is worth a guess. */
const LONGEST_GUESSED = 253;

/**
 * The name that was probably meant: one that differs only in case, else the nearest within `most` edits (2, or 1 where
 * the name has under 5 letters); the first declared of equals. Swapped neighbours count as one edit, as people make them.
 * Cost: candidates × length, so it is asked only for problems that are shown.
 */
export function suggestName(
  wanted: string,
  candidates: Iterable<string>,
  most = wanted.length < 5 ? 1 : 2,
): string | undefined {
  if (wanted.length > LONGEST_GUESSED) return undefined;
  const folded = wanted.toLowerCase();
  let nearest: string | undefined;
  let edits = most;
  for (const candidate of candidates) {
    if (candidate === '' || candidate.length > LONGEST_GUESSED) continue;
    if (candidate.toLowerCase() === folded) return candidate;
    while (edits > 0 && isWithin(edits, wanted, candidate)) {
      nearest = candidate;
      edits--;
    }
  }
  return nearest;
}

/**
 * Whether so many edits make one name the other (optimal string alignment: Damerau 1964). What both begin with never needs
 * an edit, so each of the four kinds is tried where they first differ: linear in length, where a matrix would let long
 * names that differ at their ends hold up an answer for minutes.
 */
function isWithin(edits: number, left: string, right: string): boolean {
  if (Math.abs(left.length - right.length) > edits) return false;
  let same = 0;
  while (same < left.length && left[same] === right[same]) same++;
  if (same === left.length && same === right.length) return true;
  if (edits === 0) return false;
  const isSwapped = left[same] === right[same + 1] && left[same + 1] === right[same];
  const isWithinAfter = (leftTaken: number, rightTaken: number) =>
    isWithin(edits - 1, left.slice(same + leftTaken), right.slice(same + rightTaken));
  return isWithinAfter(1, 1) || isWithinAfter(1, 0) || isWithinAfter(0, 1) || (isSwapped && isWithinAfter(2, 2));
}
