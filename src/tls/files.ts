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

/** `reason` is one sentence that names the file and the fix. It never quotes a file's content. */
export type PairResult =
  | { readonly ok: true; readonly pair: CertificatePair }
  | { readonly ok: false; readonly reason: string };

/**
 * The symbolic link that Kubernetes puts into a ConfigMap or Secret volume. It points to one generation of all files.
 */
const CURRENT = '..data';
const GENERATION_PREFIX = '..generation-';

/**
 * Replaces the files of a folder, name to text, all at once. Creates the folder if it does not exist. Writes the files
 * into a new folder, then moves the link `..data` to it with one rename, as the kubelet does. `tls.crt` and the others
 * are links through `..data`. Deletes old generations. Only the owner can read the files. Allows one writer at a time,
 * which must always write the same names: a dropped name remains as a dead link. Throws on failed I/O. The folder then
 * contains either all the old files or all the new ones.
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

/**
 * Like `mkdir` with `recursive`, which loops forever if a parent exists but nothing can be created in it, as in /proc.
 */
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

/**
 * Creates a link under another name and renames it, because a link cannot be overwritten. This also replaces a file.
 */
async function replaceLink(generation: string, target: string, link: string): Promise<void> {
  if ((await readlink(link).catch(() => undefined)) === target) return;
  const temporary = `${generation}.link`;
  await symlink(target, temporary);
  await rename(temporary, link);
}

/**
 * Reads `<name>.crt` and `<name>.key` of one generation from a mounted Secret, a folder that `writeGeneration` fills,
 * or a plain folder. Checks that a TLS server can use them together, but not whether the certificate is still valid:
 * see `readExpiry`. Does not throw for invalid or missing files.
 */
export async function loadPair(folder: string, name = 'tls'): Promise<PairResult> {
  const certificateFile = join(folder, `${name}.crt`);
  const keyFile = join(folder, `${name}.key`);
  const read = await readTogether(folder, [`${name}.crt`, `${name}.key`]);
  if (!read.ok) return read;
  const [certificatePem = '', privateKeyPem = ''] = read.texts;

  const certificate = attempt(() => new X509Certificate(certificatePem));
  if (certificate === undefined) return fail(`${certificateFile} is not a certificate in PEM form`);
  const privateKey = attempt(() => createPrivateKey(privateKeyPem));
  if (privateKey === undefined) return fail(`${keyFile} is not an unencrypted private key in PEM form`);
  if (!certificate.checkPrivateKey(privateKey)) {
    return fail(`${keyFile} does not belong to the certificate in ${certificateFile}: replace both together`);
  }
  const context = attempt(() => createSecureContext({ cert: certificatePem, key: privateKeyPem }));
  if (context === undefined) return fail(`${certificateFile} holds a certificate or key that TLS does not accept`);
  return { ok: true, pair: { certificatePem, privateKeyPem } };
}

type ReadResult = { readonly ok: true; readonly texts: readonly string[] } | Extract<PairResult, { ok: false }>;

/**
 * Reads all files from the generation that `..data` points to. Reads again if that was replaced and deleted meanwhile.
 */
async function readTogether(folder: string, names: readonly string[]): Promise<ReadResult> {
  for (;;) {
    const generation = await currentGeneration(folder);
    try {
      return { ok: true, texts: await Promise.all(names.map((name) => readFile(join(generation, name), 'utf8'))) };
    } catch (error) {
      if ((await currentGeneration(folder)) !== generation) continue;
      return fail(`cannot read ${names.join(' and ')} in ${folder}: ${(error as Error).message}`);
    }
  }
}

function currentGeneration(folder: string): Promise<string> {
  return realpath(join(folder, CURRENT)).catch(() => folder);
}

function fail(reason: string): Extract<PairResult, { ok: false }> {
  return { ok: false, reason };
}

function attempt<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}
