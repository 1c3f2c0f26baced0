import { displayText, listNames, quoteName } from '../../dag/display.ts';
import { suggestName } from '../../dag/suggest.ts';
import { CommandError } from '../cluster/failure.ts';
import type { FoundObject, Manifest } from './manifest.ts';

/** What a command shows of the Orchestrations in files. */
export interface Chosen<T> {
  readonly chosen: readonly T[];
  /** What cannot be read, one line each, with its place. */
  readonly unread: readonly string[];
}

/**
 * Returns the Orchestrations of all files, or those of one name, each as `read` returns it. If there is none, throws
 * CommandError, which also says what cannot be read.
 */
export function chooseOrchestrations<T extends { readonly name: string }>(
  manifests: readonly Manifest[],
  wanted: string | undefined,
  read: (objects: readonly FoundObject[]) => readonly T[],
): Chosen<T> {
  const unread = manifests.flatMap(({ file, mistakes }) =>
    mistakes.map(({ line, column, message }) => `${displayText(file)}:${line}:${column}: ${message}`),
  );
  const all = read(manifests.flatMap(({ objects }) => objects).filter(({ kind }) => kind === 'Orchestration'));
  if (all.length === 0) throw new CommandError(...unread, 'the files hold no Orchestration');
  const chosen = all.filter(({ name }) => wanted === undefined || name === wanted);
  if (chosen.length > 0) return { chosen, unread };
  const names = all.map(({ name }) => name);
  throw new CommandError(...unread, describeUnknownName(wanted ?? '', names));
}

function describeUnknownName(wanted: string, names: readonly string[]): string {
  const meant = suggestName(wanted, names);
  const cure = meant === undefined ? `there are ${listNames(names)}` : `did you mean ${quoteName(meant)}?`;
  return `no Orchestration is named ${quoteName(wanted)}; ${cure}`;
}
