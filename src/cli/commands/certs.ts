import { resolve } from 'node:path';
import { displayText } from '../../dag/display.ts';
import { readExpiry } from '../../tls/expiry.ts';
import { loadPair, writeGeneration } from '../../tls/files.ts';
import { type CertificatePair, issueCertificateAuthority, issueLeaf } from '../../tls/issue.ts';
import { CommandError } from '../cluster/failure.ts';
import { defineCommand, noOperand } from '../command.ts';
import { dnsName, folder, ipAddress, wholeNumber } from '../flags.ts';

const DAY_MS = 24 * 60 * 60_000;

/** A year. People trust an authority once, and it stays the same while its leaves are replaced. */
const AUTHORITY_DAYS = 365;

/**
 * Makes `ca.crt`, `ca.key`, `tls.crt` and `tls.key` in a folder, all at once. Keeps an authority that exists and is
 * still fresh, so that those who trust it have nothing to change. The leaf is new each time.
 */
export const certs = defineCommand({
  verb: 'certs',
  details:
    'The certificate is always valid for localhost, 127.0.0.1 and ::1. A CA that is valid for long enough is kept.',
  operands: noOperand,
  flags: {
    out: { flag: 'out', kind: folder, help: 'the folder to write to', fallback: 'certs' },
    names: { flag: 'dns-name', kind: dnsName, help: 'another name of the server', isList: true },
    addresses: { flag: 'ip', kind: ipAddress, help: 'another address of the server', isList: true },
    days: {
      flag: 'days',
      kind: wholeNumber(1, AUTHORITY_DAYS, 'DAYS'),
      help: 'how long the certificate lives',
      fallback: '30',
    },
  },
  exitCodes: { 0: 'made', 2: 'could not be made' },
  examples: ['certs --out certs --dns-name gate.test --ip 192.0.2.7'],
  run: async ({ out, names, addresses, days }, _, { clock }) => {
    const request = { dnsNames: ['localhost', ...names], ipAddresses: ['127.0.0.1', '::1', ...addresses], days };
    const target = resolve(out);
    try {
      return { exitCode: 0, stdout: await makeCertificates(target, request, new Date(clock.now())), stderr: '' };
    } catch (error) {
      const reason = displayText((error as Error).message);
      throw new CommandError(`cannot make certificates in ${displayText(target)}: ${reason}`);
    }
  },
});

interface CertsRequest {
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly days: number;
}

async function makeCertificates(target: string, request: CertsRequest, now: Date): Promise<string> {
  const kept = await findFreshAuthority(target, now);
  const authority =
    kept ??
    (await issueCertificateAuthority({
      commonName: 'orchestration-gate development CA',
      lifetimeMs: AUTHORITY_DAYS * DAY_MS,
      now,
    }));
  const leaf = await issueLeaf({ ...request, authority, lifetimeMs: request.days * DAY_MS, now });
  await writeGeneration(target, {
    'ca.crt': authority.certificatePem,
    'ca.key': authority.privateKeyPem,
    'tls.crt': leaf.certificatePem,
    'tls.key': leaf.privateKeyPem,
  });
  return [
    `${target}: a certificate for ${[...request.dnsNames, ...request.ipAddresses].join(', ')}`,
    `  tls.crt, tls.key: new, until ${readExpiry(leaf.certificatePem, now).notAfter.toISOString()}`,
    `  ca.crt, ca.key: ${kept ? 'kept' : 'new'}, until ${readExpiry(authority.certificatePem, now).notAfter.toISOString()}`,
    '',
  ].join('\n');
}

async function findFreshAuthority(target: string, now: Date): Promise<CertificatePair | undefined> {
  const found = await loadPair(target, 'ca');
  return found.ok && readExpiry(found.pair.certificatePem, now).state === 'fresh' ? found.pair : undefined;
}
