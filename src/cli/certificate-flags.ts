import { anyText, commaList, type Flags, folder, oneOf, type Values, wholeNumber } from './flags.ts';

/** `selfManaged`: the replicas make them. `provided`: they come with a Secret. `off`: somebody else manages them. */
const CERTIFICATE_MODES = ['selfManaged', 'provided', 'off'] as const;

const DAY_SECONDS = 24 * 60 * 60;

/** A DNS name with labels of RFC 1123, or an IP address. A URL can have either as its host. */
const HOST =
  /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$|^[0-9a-f:]*:[0-9a-f:.]+$/;

export const certificateFlags = {
  certificates: {
    flag: 'certificates',
    kind: oneOf(CERTIFICATE_MODES),
    help: 'who makes the certificates of the gate',
    variables: ['ORCHESTRATION_GATE_CERTIFICATES'],
    fallback: 'off',
  },
  certificateSecret: {
    flag: 'certificate-secret',
    kind: anyText('NAME'),
    help: 'the Secret that holds the authorities, in its own namespace',
    variables: ['ORCHESTRATION_GATE_CERTIFICATE_SECRET'],
  },
  tlsDir: {
    flag: 'tls-dir',
    kind: folder,
    help: 'the folder into which the certificate of the gate is written',
    variables: ['ORCHESTRATION_GATE_TLS_DIR'],
  },
  certificateNames: {
    flag: 'certificate-dns-names',
    kind: commaList('NAME,...', 'DNS names or IP addresses', (word) => HOST.test(word)),
    help: 'the names by which API servers reach the gate',
    variables: ['ORCHESTRATION_GATE_CERTIFICATE_DNS_NAMES'],
  },
  certificateService: {
    flag: 'certificate-service',
    kind: anyText('NAME'),
    help: 'the Service of the gates, in its own namespace; if no gate is ready, the program does not wait for one',
    variables: ['ORCHESTRATION_GATE_CERTIFICATE_SERVICE'],
  },
  webhookConfigurations: {
    flag: 'webhook-configurations',
    kind: commaList('KIND/NAME,...', 'mutating/NAME or validating/NAME', (word) =>
      /^(mutating|validating)\/[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/.test(word),
    ),
    help: 'the webhook configurations whose caBundle is written',
    variables: ['ORCHESTRATION_GATE_WEBHOOK_CONFIGURATIONS'],
  },
  // The default is the longest lifetime that is allowed. The certificate is renewed after 20 days, which leaves 10 days
  // to notice that the renewal fails.
  leafLifetimeSeconds: {
    flag: 'leaf-lifetime-seconds',
    kind: wholeNumber(10, 30 * DAY_SECONDS),
    help: 'how long a certificate of the gate lives',
    variables: ['ORCHESTRATION_GATE_LEAF_LIFETIME_SECONDS'],
    fallback: String(30 * DAY_SECONDS),
  },
  // A year, the same as Kyverno and cert-manager's webhook use.
  caLifetimeSeconds: {
    flag: 'ca-lifetime-seconds',
    kind: wholeNumber(30, 3_650 * DAY_SECONDS),
    help: 'how long a certificate authority lives',
    variables: ['ORCHESTRATION_GATE_CA_LIFETIME_SECONDS'],
    fallback: String(365 * DAY_SECONDS),
  },
} as const satisfies Flags;

export type CertificateConfiguration = Values<typeof certificateFlags>;

/** The settings that each mode needs. */
const NEEDED = {
  selfManaged: ['certificateSecret', 'tlsDir', 'certificateNames', 'webhookConfigurations'],
  provided: ['certificateSecret', 'webhookConfigurations'],
  off: [],
} as const satisfies Record<string, readonly (keyof CertificateConfiguration)[]>;

/** Finds mistakes in the combination of settings that are valid by themselves. */
export function findCertificateMistakes(configuration: CertificateConfiguration): readonly string[] {
  const { certificates: mode, leafLifetimeSeconds, caLifetimeSeconds } = configuration;
  const missing = NEEDED[mode]
    .filter((name) => configuration[name] === undefined)
    .map((name) => {
      const { flag, variables, help } = certificateFlags[name];
      return `--${flag} or ${variables.join(' or ')} is missing, and --certificates=${mode} needs it: ${help}`;
    });
  // An authority is replaced when a third of its lifetime is left, and a leaf must fit into that third.
  if (mode !== 'selfManaged' || caLifetimeSeconds >= 3 * leafLifetimeSeconds) return missing;
  const tooShort = `--ca-lifetime-seconds is ${caLifetimeSeconds}; it must be at least three times --leaf-lifetime-seconds, which is ${leafLifetimeSeconds}`;
  return [...missing, tooShort];
}
