/** A Kubernetes name has at most 253 characters (RFC 1123 subdomain). There is no suggestion for longer names. */
const LONGEST_GUESSED = 253;

/**
 * Returns the candidate that the author probably meant: the first that differs only in case, or else the nearest within
 * `most` edits (2, or 1 if `wanted` has fewer than 5 characters). Of equally near candidates, it returns the first. Two
 * swapped neighbours count as one edit, because that is a common typing error. Cost: candidates × length, so call it
 * only for problems that are shown.
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
 * Whether at most `edits` edits turn one name into the other (optimal string alignment: Damerau 1964). A common prefix
 * needs no edit, so the function tries each of the four kinds of edit at the first difference. This is linear in the
 * length. With a matrix, long names that differ only at their ends would delay an answer for minutes.
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
