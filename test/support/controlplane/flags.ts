/** Files in a control plane's folder, in which its components run. */
export const files = {
  /** Bearer tokens and who they are; read by the API server. */
  tokens: 'tokens.csv',
  /** Signs service-account tokens. */
  serviceAccountKey: 'service-account.key',
  /** The API server makes its certificate, and the CA that signs it, into this folder when it first starts. */
  certificates: 'certificates',
  servingCertificate: 'certificates/apiserver.crt',
  auditPolicy: 'audit-policy.json',
  auditLog: 'audit.log',
  kubeconfig: 'admin.kubeconfig',
} as const;

/** Flags of a lone etcd whose data need not survive the machine. */
export function etcdFlags(clientUrl: string, peerUrl: string): string[] {
  return [
    '--name=etcd',
    '--data-dir=etcd',
    '--unsafe-no-fsync',
    '--log-level=warn',
    `--listen-client-urls=${clientUrl}`,
    `--advertise-client-urls=${clientUrl}`,
    `--listen-peer-urls=${peerUrl}`,
    `--initial-advertise-peer-urls=${peerUrl}`,
    `--initial-cluster=etcd=${peerUrl}`,
  ];
}

/** Flags of an API server on 127.0.0.1 with RBAC and real service-account tokens; `extra` wins over ours. */
export function apiserverFlags(etcdUrl: string, port: string, audit: boolean, extra: readonly string[]): string[] {
  return [
    `--etcd-servers=${etcdUrl}`,
    `--secure-port=${port}`,
    '--bind-address=127.0.0.1',
    // Without these two it looks for a network interface with a default route: none on a laptop that is offline.
    '--advertise-address=127.0.0.1',
    '--endpoint-reconciler-type=none',
    `--cert-dir=${files.certificates}`,
    `--token-auth-file=${files.tokens}`,
    '--authorization-mode=RBAC',
    '--service-cluster-ip-range=10.0.0.0/24',
    '--allow-privileged',
    // It refuses pods of namespaces whose default account nobody has made: without a controller manager, all of them.
    '--disable-admission-plugins=ServiceAccount',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${files.serviceAccountKey}`,
    `--service-account-signing-key-file=${files.serviceAccountKey}`,
    ...(audit ? [`--audit-policy-file=${files.auditPolicy}`, `--audit-log-path=${files.auditLog}`] : []),
    ...extra,
  ];
}

/** Flags of a controller manager with the controllers that tests need, acting as the administrator. */
export function controllerManagerFlags(): string[] {
  const controllers = ['job', 'garbage-collector', 'namespace', 'ttl-after-finished', 'serviceaccount'];
  return [
    `--kubeconfig=${files.kubeconfig}`,
    '--leader-elect=false',
    '--use-service-account-credentials=false',
    '--secure-port=0',
    `--controllers=${controllers.map((name) => `${name}-controller`).join()}`,
  ];
}
