/** How this page's user reaches the cluster with kubectl. */
export interface KubectlContext {
  /** Flags that choose the cluster, where it is not the default one: `['--context', 'prod']`. */
  readonly flags: readonly string[];
}

interface ChildRef {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
}

/** The line that shows more of an object, to be pasted into a shell: whatever the names are, it runs nothing else. */
export function describeCommand({ apiVersion, kind, name, namespace }: ChildRef, { flags }: KubectlContext): string {
  const [version = '', group = ''] = apiVersion.split('/').reverse();
  const type = group === '' ? kind : `${kind}.${version}.${group}`;
  // A name that begins with a dash would be a flag.
  const words = ['kubectl', 'describe', ...flags, '--namespace', namespace, '--', type.toLowerCase(), name];
  return words.map(quoteForShell).join(' ');
}

/** One word of a POSIX shell. Control characters, which a terminal acts upon as they are pasted, become `?`. */
export function quoteForShell(word: string): string {
  const printable = word.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '?');
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(printable) ? printable : `'${printable.replaceAll("'", `'\\''`)}'`;
}
