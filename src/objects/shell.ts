/**
 * Quotes one word for a POSIX shell. Control characters become `?`, because a terminal interprets them when they are
 * pasted.
 */
export function quoteForShell(word: string): string {
  const printable = word.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '?');
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(printable) ? printable : `'${printable.replaceAll("'", `'\\''`)}'`;
}
