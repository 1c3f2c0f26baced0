/**
 * Characters that can hide, reverse or forge text: control and bidirectional characters, lone surrogates, line ends.
 * Joiners and variation selectors, which letters and emoji need, are excluded if they follow a character that is not
 * ASCII.
 */
const ESCAPED = /(?<!\P{ASCII})(?:\u200c|\u200d|[\ufe00-\ufe0f])|(?!\u200c|\u200d)[\p{C}\p{Zl}\p{Zp}]/gu;

/** Makes a raw text printable. All other characters stay, so emoji and texts in any script look as they are. */
export function printable(text: string): string {
  return text.replace(ESCAPED, (character) => {
    const code = (character.codePointAt(0) ?? 0).toString(16);
    return code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, '0')}`;
  });
}

/** `1 step`, `2 steps`. */
export function displayCount(count: number, noun: string, nouns = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : nouns}`;
}
