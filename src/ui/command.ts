import { quoteForShell } from '../objects/shell.ts';

/** How the user of this page reaches the cluster with kubectl. */
export interface KubectlContext {
  /** Flags that select the cluster, if it is not the default one: `['--context', 'prod']`. */
  readonly flags: readonly string[];
}

interface ChildRef {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
}

/**
 * Returns a command that describes an object, to paste into a shell. Names are quoted, so no name can run another
 * command.
 */
export function describeCommand({ apiVersion, kind, name, namespace }: ChildRef, { flags }: KubectlContext): string {
  const [version = '', group = ''] = apiVersion.split('/').reverse();
  const type = group === '' ? kind : `${kind}.${version}.${group}`;
  // Without `--`, a name that begins with a dash would be a flag.
  const words = ['kubectl', 'describe', ...flags, '--namespace', namespace, '--', type.toLowerCase(), name];
  return words.map(quoteForShell).join(' ');
}

/** Returns a command that shows the log of a container, and follows it. */
export function logsCommand(
  { namespace, pod, container }: { readonly namespace: string; readonly pod: string; readonly container: string },
  { flags }: KubectlContext,
): string {
  const words = [
    'kubectl',
    'logs',
    ...flags,
    '--namespace',
    namespace,
    '--container',
    container,
    '--follow',
    '--',
    pod,
  ];
  return words.map(quoteForShell).join(' ');
}
