import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { readExpiry } from '../../tls/expiry.ts';
import { loadPair, writeGeneration } from '../../tls/files.ts';
import { type CertificatePair, issueCertificateAuthority, issueLeaf } from '../../tls/issue.ts';
import { asksForHelp } from '../arguments.ts';

export interface CertsPorts {
  readonly workingDirectory: string;
  readonly now: Date;
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
}

const CERTS_USAGE = `usage: orchestration-gate certs [--out DIR] [--dns-name NAME]... [--ip ADDRESS]... [--days N]

Makes a serving certificate for development, signed by a development CA, in DIR (default: certs).
It is always good for localhost, 127.0.0.1 and ::1; --dns-name and --ip add to these. It lives N days (default: 30).
`;

const DAY_MS = 24 * 60 * 60_000;

/** A year: trusted once, then left alone while leaves come and go under it. */
const AUTHORITY_DAYS = 365;

/** Labels of RFC 1035, the first of which may be a wildcard. */
const DNS_NAME = /^(?=.{1,253}$)(\*\.)?[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i;

/**
 * Makes `ca.crt`, `ca.key`, `tls.crt` and `tls.key` in a folder, all at once. An authority that is there already and still
 * fresh is kept, so that whoever trusts it need not be told again; the leaf is new each time.
 * Returns the exit code: 0 done, 2 wrong arguments or a folder that cannot be written.
 */
export async function runCerts(args: readonly string[], ports: CertsPorts): Promise<number> {
  if (asksForHelp(args)) {
    ports.stdout(CERTS_USAGE);
    return 0;
  }
  const request = readRequest(args);
  if ('mistakes' in request) {
    ports.stderr(`${request.mistakes.map((mistake) => `certs: ${mistake}\n`).join('')}\n${CERTS_USAGE}`);
    return 2;
  }
  const folder = resolve(ports.workingDirectory, request.out);
  try {
    ports.stdout(await makeCertificates(folder, request, ports.now));
    return 0;
  } catch (error) {
    ports.stderr(`certs: cannot make certificates in ${folder}: ${(error as Error).message}\n`);
    return 2;
  }
}

interface CertsRequest {
  readonly out: string;
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly days: number;
}

function readRequest(args: readonly string[]): CertsRequest | { readonly mistakes: readonly string[] } {
  const parsed = parseCertsArgs(args);
  if (typeof parsed === 'string') return { mistakes: [parsed] };
  const { out, days, ip = [], 'dns-name': names = [] } = parsed;
  const mistakes = [
    ...names.filter((name) => !DNS_NAME.test(name)).map((name) => `--dns-name "${name}" is not a DNS name`),
    ...ip.filter((address) => isIP(address) === 0).map((address) => `--ip "${address}" is not an IP address`),
  ];
  if (!/^\d+$/.test(days) || Number(days) < 1 || Number(days) > AUTHORITY_DAYS) {
    mistakes.push(`--days "${days}" is not a whole number from 1 to ${AUTHORITY_DAYS}`);
  }
  if (mistakes.length > 0) return { mistakes };
  return { out, dnsNames: ['localhost', ...names], ipAddresses: ['127.0.0.1', '::1', ...ip], days: Number(days) };
}

/** A text is what `parseArgs` has against the arguments. */
function parseCertsArgs(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        out: { type: 'string', default: 'certs' },
        'dns-name': { type: 'string', multiple: true },
        ip: { type: 'string', multiple: true },
        days: { type: 'string', default: '30' },
      },
    }).values;
  } catch (error) {
    return (error as Error).message;
  }
}

async function makeCertificates(folder: string, request: CertsRequest, now: Date): Promise<string> {
  const kept = await findFreshAuthority(folder, now);
  const authority =
    kept ??
    (await issueCertificateAuthority({
      commonName: 'orchestration-gate development CA',
      lifetimeMs: AUTHORITY_DAYS * DAY_MS,
      now,
    }));
  const leaf = await issueLeaf({ ...request, authority, lifetimeMs: request.days * DAY_MS, now });
  await writeGeneration(folder, {
    'ca.crt': authority.certificatePem,
    'ca.key': authority.privateKeyPem,
    'tls.crt': leaf.certificatePem,
    'tls.key': leaf.privateKeyPem,
  });
  return [
    `${folder}: a certificate for ${[...request.dnsNames, ...request.ipAddresses].join(', ')}`,
    `  tls.crt, tls.key: new, until ${readExpiry(leaf.certificatePem, now).notAfter.toISOString()}`,
    `  ca.crt, ca.key: ${kept ? 'kept' : 'new'}, until ${readExpiry(authority.certificatePem, now).notAfter.toISOString()}`,
    '',
  ].join('\n');
}

async function findFreshAuthority(folder: string, now: Date): Promise<CertificatePair | undefined> {
  const found = await loadPair(folder, 'ca');
  return found.ok && readExpiry(found.pair.certificatePem, now).state === 'fresh' ? found.pair : undefined;
}
