import { Document, isScalar, visit } from 'yaml';
import { UNPRINTABLE } from './escape.ts';

/**
 * Writes one YAML document. Texts with characters that a terminal would act on or hide are in double quotes, where YAML
 * has escapes for them.
 */
export function writeYaml(value: object): string {
  const document = new Document(value, { aliasDuplicateObjects: false });
  visit(document, {
    Scalar: (_, node) => {
      if (isScalar(node) && typeof node.value === 'string' && node.value.search(UNPRINTABLE) >= 0)
        node.type = 'QUOTE_DOUBLE';
    },
  });
  return document.toString({ lineWidth: 0 }).replace(UNPRINTABLE, escapeCharacter);
}

function escapeCharacter(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16);
  return code.length > 4 ? `\\U${code.padStart(8, '0')}` : `\\u${code.padStart(4, '0')}`;
}
