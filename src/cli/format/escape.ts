/** JSON in lines, with what a terminal would act upon escaped: JSON itself asks that only of some control characters. */
export function writeJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2).replace(UNPRINTABLE, escapeUnits)}\n`;
}

/** What a terminal would act upon, or hide. Each match is a character. */
export const UNPRINTABLE = /(?![ \n])[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]/gu;

function escapeUnits(character: string): string {
  return character
    .split('')
    .reduce((text, unit) => `${text}\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`, '');
}

/** For XML text and attributes alike. What XML forbids altogether `displayName` and `displayText` have taken out. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
