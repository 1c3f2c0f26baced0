import { anyText, type Flag, file, type ValueKind } from './flags.ts';

/** Returns a variable of the agents chart and its former name. If both are set, they must agree. */
export function agentsVariables(name: string): readonly string[] {
  return [`AGENTS_${name}`, `JANGAR_${name}`];
}

const NAMESPACE = /^(\*|[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)$/;

/** Names separated by commas or a JSON array, as the agents chart writes them. `*` is every namespace. */
export const namespaces: ValueKind<readonly string[]> = {
  placeholder: 'NAME,...',
  expected: 'namespaces with commas between, or a JSON array of them, or *',
  read: (text) => {
    const names = readWords(text);
    return names?.every((name) => NAMESPACE.test(name)) ? names : undefined;
  },
};

/** Names separated by commas or a JSON array. */
export const nameList: ValueKind<readonly string[]> = {
  placeholder: 'NAME,...',
  expected: 'names with commas between, or a JSON array of them',
  read: readWords,
};

export const jsonObject: ValueKind<object> = {
  placeholder: 'JSON',
  expected: 'a JSON object',
  read: (text) => {
    const parsed = readJson(text);
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? parsed : undefined;
  },
};

/** The flag of every process in a cluster that calls the API server. */
export const kubeconfigFlag = {
  flag: 'kubeconfig',
  kind: file,
  help: 'a kubeconfig; none is needed inside a cluster',
  variables: ['KUBECONFIG'],
} as const satisfies Flag;

export function ownNamespaceFlag(help: string) {
  return {
    flag: 'own-namespace',
    kind: anyText('NAME'),
    help,
    variables: ['POD_NAMESPACE'],
    fallback: 'default',
  } as const satisfies Flag;
}

/** Returns the namespaces that are named, or else the process's own namespace. */
export function chooseNamespaces({
  namespaces: named = [],
  ownNamespace,
}: {
  readonly namespaces: readonly string[] | undefined;
  readonly ownNamespace: string;
}): readonly string[] {
  return named.length > 0 ? named : [ownNamespace];
}

function readWords(text: string): readonly string[] | undefined {
  if (!text.trimStart().startsWith('[')) return text.split(',').map((name) => name.trim());
  const parsed = readJson(text);
  return Array.isArray(parsed) && parsed.every((name) => typeof name === 'string') ? parsed : undefined;
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
