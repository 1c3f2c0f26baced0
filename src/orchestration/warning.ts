/** "Limit warnings to 120 characters if possible. Warnings over 256 characters … may be truncated": AdmissionResponse's API text. */
const LONGEST = 256;

/** Of a warning that is too long the middle is left out: what is wrong stands at its beginning, and the remedy at its end. */
export function shortenWarning(text: string): string {
  if (text.length <= LONGEST) return text;
  const half = Math.floor((LONGEST - 1) / 2);
  const head = text.slice(0, half).replace(/\p{Cs}$/u, '');
  const tail = text.slice(-half).replace(/^\p{Cs}/u, '');
  return `${head}…${tail}`;
}
