/**
 * Writes JSON in lines, and escapes what a terminal would act on or hide. JSON itself requires that only for some
 * control characters.
 */
export function writeJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2).replace(UNPRINTABLE, escapeUnits)}\n`;
}

/** The characters that a terminal would act on or hide. Each match is one character. */
export const UNPRINTABLE = /(?![ \n])[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]/gu;

function escapeUnits(character: string): string {
  return character
    .split('')
    .reduce((text, unit) => `${text}\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`, '');
}

/**
 * Escapes a text for XML text and attributes. `displayName` and `displayText` have already escaped what XML forbids
 * altogether.
 */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
