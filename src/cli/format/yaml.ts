import { Document, isScalar, visit } from 'yaml';
import { UNPRINTABLE } from './escape.ts';

/** YAML of one document, with what a terminal would act upon escaped, in double quotes, as YAML has it. */
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
