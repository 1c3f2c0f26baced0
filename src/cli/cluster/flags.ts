import { anyText, type Flags, file, objectName, type ValueKind } from '../flags.ts';
import { readElapsed } from './elapsed.ts';

/** The flags of every command that uses a cluster, as in kubectl. */
export const clusterFlags = {
  namespace: {
    flag: 'namespace',
    letter: 'n',
    kind: objectName,
    help: "the namespace (default: that of the kubeconfig's context)",
  },
  kubeconfig: {
    flag: 'kubeconfig',
    kind: file,
    help: 'the kubeconfig (default: KUBECONFIG, ~/.kube/config, or in-cluster)',
  },
  context: { flag: 'context', kind: anyText('NAME'), help: 'the context of the kubeconfig (default: the current one)' },
} as const satisfies Flags;

/** A duration in milliseconds. */
export const duration: ValueKind<number> = {
  placeholder: 'DURATION',
  expected: 'a duration such as 90s, 10m or 1h30m',
  read: readElapsed,
};

export const timeoutFlag = {
  flag: 'timeout',
  kind: duration,
  help: 'how long to wait: 90s, 10m, 1h30m (default: no limit)',
} as const;
