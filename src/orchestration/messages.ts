/** "Limit warnings to 120 characters if possible. Warnings over 256 characters … may be truncated": AdmissionResponse's API text. */
const LONGEST_WARNING = 256;

/** Of a warning that is too long the middle is left out: what is wrong stands at its beginning, and the remedy at its end. */
export function shortenWarning(text: string): string {
  if (text.length <= LONGEST_WARNING) return text;
  const half = Math.floor((LONGEST_WARNING - 1) / 2);
  const head = text.slice(0, half).replace(/\p{Cs}$/u, '');
  const tail = text.slice(-half).replace(/^\p{Cs}/u, '');
  return `${head}…${tail}`;
}

/** Kept short, since every write of a run's status stores all of its messages again. */
const LONGEST_MESSAGE = 256;

/** A message as it is stored: its beginning, if it is longer than `longest`, and all of `end`, which is short. */
export function cutMessage(message: string, { longest = LONGEST_MESSAGE, end = '' } = {}): string {
  const room = longest - end.length;
  // A cut may fall into the middle of a character: the API server would store something else than was sent.
  return `${message.length > room ? `${message.slice(0, room - 1).toWellFormed()}…` : message}${end}`;
}
