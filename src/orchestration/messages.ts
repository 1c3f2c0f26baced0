/**
 * From the API reference of AdmissionResponse: "Limit warnings to 120 characters if possible. Warnings over 256
 * characters … may be truncated".
 */
const LONGEST_WARNING = 256;

/** Cuts the middle out of a warning that is too long. The mistake is at its beginning, and the fix is at its end. */
export function shortenWarning(text: string): string {
  if (text.length <= LONGEST_WARNING) return text;
  const half = Math.floor((LONGEST_WARNING - 1) / 2);
  const head = text.slice(0, half).replace(/\p{Cs}$/u, '');
  const tail = text.slice(-half).replace(/^\p{Cs}/u, '');
  return `${head}…${tail}`;
}

/** Messages are short, because every write of a run's status stores all of them again. */
const LONGEST_MESSAGE = 256;

/** Cuts a message to `longest` characters for storage, and appends `end`, which is short and is never cut. */
export function cutMessage(message: string, { longest = LONGEST_MESSAGE, end = '' } = {}): string {
  const room = longest - end.length;
  // A cut inside a surrogate pair would leave invalid text, and the API server would store a different text.
  return `${message.length > room ? `${message.slice(0, room - 1).toWellFormed()}…` : message}${end}`;
}
