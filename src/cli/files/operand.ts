import { noOperand, type OperandKind } from '../command.ts';
import { type Manifest, readManifest } from './manifest.ts';

/** Files, folders and standard input, with what they hold. */
export const manifestFiles: OperandKind<readonly Manifest[]> = {
  placeholder: 'FILE|DIR|-...',
  completion: 'file',
  read: async ({ words, unsure }, { readSources }, mistakes) => {
    const paths = [...words, ...unsure];
    if (paths.length === 0) mistakes.push('FILE is missing: name a file, a folder, or - for standard input');
    if (paths.includes('')) mistakes.push('FILE is empty: name a file, a folder, or - for standard input');
    const { sources, mistakes: unread } = await readSources(paths.filter((path) => path !== ''));
    mistakes.push(...unread);
    return sources.map(readManifest);
  },
};

/** Like `manifestFiles`, but takes no operands if `flag` is given, because that flag names what to read instead. */
export function manifestFilesUnless(flag: string): OperandKind<readonly Manifest[]> {
  return {
    ...manifestFiles,
    read: (operands, ports, mistakes, values) => {
      if (values[flag] === undefined) return manifestFiles.read(operands, ports, mistakes, values);
      void noOperand.read(operands, ports, mistakes, values);
      return [];
    },
  };
}
