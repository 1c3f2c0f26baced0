import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';

const run = promisify(execFile);
/** The largest archive is that of Node: 120 MB. */
const MAX_BYTES = 2 ** 29;

/**
 * Returns the content of a folder as a tar archive. The same content gives the same bytes: names are sorted, and all
 * files belong to root and have the time `epoch`, in seconds since 1970. Executable files stay executable. Needs GNU
 * tar.
 */
export async function tarFolder(folder: string, epoch: number): Promise<Buffer> {
  const options = ['--format=gnu', '--sort=name', `--mtime=@${epoch}`, '--owner=0', '--group=0', '--numeric-owner'];
  const names = ['--mode=u=rwX,go=rX', '--directory', folder, ...(await readdir(folder)).sort()];
  const { stdout } = await run('tar', ['--create', ...options, ...names], { encoding: 'buffer', maxBuffer: MAX_BYTES });
  return stdout;
}

/** As `tarFolder`, compressed. */
export async function packFolder(folder: string, epoch: number): Promise<Buffer> {
  return gzipSync(await tarFolder(folder, epoch), { level: 9 });
}

/** Returns the SHA-256 checksum of bytes, in hexadecimal digits. */
export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
