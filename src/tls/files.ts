import { createPrivateKey, X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { createSecureContext } from 'node:tls';
import type { CertificatePair } from './issue.ts';

/** `reason` is one sentence that names the file and what to do; it never quotes a file's content. */
export type PairResult =
  | { readonly ok: true; readonly pair: CertificatePair }
  | { readonly ok: false; readonly reason: string };

/** The link that Kubernetes puts into every volume of files; what it points to is one generation of all of them. */
const CURRENT = '..data';
const GENERATION_PREFIX = '..generation-';

/**
 * Makes the folder (created if absent) hold these files, name to text, all at once: they are written into a new folder
 * beside the old, then one rename moves the link `..data` to it, as the kubelet does; `tls.crt` and its like are links
 * through `..data`. Old generations are deleted. Everything is readable by the owner only.
 * One writer at a time, and always the same names: a name that is no longer given is left behind as a dead link.
 * Throws on failed I/O; the folder then holds all the old files or all the new ones.
 */
export async function writeGeneration(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  await makeFolder(folder);
  const generation = await mkdtemp(join(folder, GENERATION_PREFIX));
  for (const [name, text] of Object.entries(files)) await writeFile(join(generation, name), text, { mode: 0o600 });

  await replaceLink(generation, basename(generation), join(folder, CURRENT));
  for (const name of Object.keys(files)) await replaceLink(generation, join(CURRENT, name), join(folder, name));

  for (const entry of await readdir(folder)) {
    const isOld = entry.startsWith(GENERATION_PREFIX) && entry !== basename(generation);
    if (isOld) await rm(join(folder, entry), { recursive: true, force: true });
  }
}

/** As mkdir's `recursive`, which spins for ever where a folder is there and none can be made in it, as in /proc. */
async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && (await stat(folder)).isDirectory()) return;
    if (code !== 'ENOENT' || existsSync(dirname(folder))) throw error;
    await makeFolder(dirname(folder));
    await makeFolder(folder);
  }
}

/** A link cannot be overwritten, but another one can be renamed over it; a file in its place is replaced too. */
async function replaceLink(generation: string, target: string, link: string): Promise<void> {
  if ((await readlink(link).catch(() => undefined)) === target) return;
  const temporary = `${generation}.link`;
  await symlink(target, temporary);
  await rename(temporary, link);
}

/**
 * Reads `<name>.crt` and `<name>.key` of one generation, from a mounted Secret, a folder that `writeGeneration` fills, or
 * a plain folder, and proves that a TLS server can use them together. Whether the certificate is still valid is not
 * looked at: see `readExpiry`. Never throws for what is in the folder or missing from it.
 */
export async function loadPair(folder: string, name = 'tls'): Promise<PairResult> {
  const certificateFile = join(folder, `${name}.crt`);
  const keyFile = join(folder, `${name}.key`);
  const read = await readTogether(folder, [`${name}.crt`, `${name}.key`]);
  if (!read.ok) return read;
  const [certificatePem = '', privateKeyPem = ''] = read.texts;

  const certificate = attempt(() => new X509Certificate(certificatePem));
  if (certificate === undefined) return refuse(`${certificateFile} is not a certificate in PEM form`);
  const privateKey = attempt(() => createPrivateKey(privateKeyPem));
  if (privateKey === undefined) return refuse(`${keyFile} is not an unencrypted private key in PEM form`);
  if (!certificate.checkPrivateKey(privateKey)) {
    return refuse(`${keyFile} does not belong to the certificate in ${certificateFile}: replace both together`);
  }
  const context = attempt(() => createSecureContext({ cert: certificatePem, key: privateKeyPem }));
  if (context === undefined) return refuse(`${certificateFile} holds a certificate or key that TLS does not accept`);
  return { ok: true, pair: { certificatePem, privateKeyPem } };
}

type ReadResult = { readonly ok: true; readonly texts: readonly string[] } | Extract<PairResult, { ok: false }>;

/** All from the generation that `..data` points to at one instant; again if that was replaced, and deleted, meanwhile. */
async function readTogether(folder: string, names: readonly string[]): Promise<ReadResult> {
  for (;;) {
    const generation = await currentGeneration(folder);
    try {
      return { ok: true, texts: await Promise.all(names.map((name) => readFile(join(generation, name), 'utf8'))) };
    } catch (error) {
      if ((await currentGeneration(folder)) !== generation) continue;
      return refuse(`cannot read ${names.join(' and ')} in ${folder}: ${(error as Error).message}`);
    }
  }
}

function currentGeneration(folder: string): Promise<string> {
  return realpath(join(folder, CURRENT)).catch(() => folder);
}

function refuse(reason: string): Extract<PairResult, { ok: false }> {
  return { ok: false, reason };
}

function attempt<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}
