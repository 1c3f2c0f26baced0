import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** What is released: its version, and the commit that it is made from. */
export interface Source {
  readonly version: string;
  /** The commit, with `-dirty` if files differ from it. */
  readonly revision: string;
  /** The time of the commit, in seconds since 1970, or SOURCE_DATE_EPOCH. It is the only time in any artifact. */
  readonly epoch: number;
}

/** Reads the version of package.json and the commit of the repository `root`. */
export async function readSource(root: string, environment: NodeJS.ProcessEnv): Promise<Source> {
  const git = async (...words: string[]) => (await run('git', words, { cwd: root })).stdout.trim();
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  const commit = await git('rev-parse', 'HEAD');
  const isDirty = (await git('status', '--porcelain', '--untracked-files=no')) !== '';
  const epoch = environment['SOURCE_DATE_EPOCH'] || (await git('log', '-1', '--format=%ct'));
  return { version, revision: isDirty ? `${commit}-dirty` : commit, epoch: Number(epoch) };
}

/**
 * Returns the address from which packages of Debian are downloaded: DEBIAN_MIRROR, or the archive that apt uses on this
 * machine. Throws if there is neither.
 */
export async function readDebianMirror(environment: NodeJS.ProcessEnv): Promise<string> {
  if (environment['DEBIAN_MIRROR']) return environment['DEBIAN_MIRROR'];
  const query = ['indextargets', '--format', '$(REPO_URI)', 'Created-By: Packages'];
  const { stdout } = await run('apt-get', query).catch(() => ({ stdout: '' }));
  const mirror = stdout.split('\n').find((address) => /\/debian\/?$/.test(address));
  if (mirror !== undefined) return mirror.replace(/\/$/, '');
  throw new Error(
    'apt knows no archive of Debian here: set DEBIAN_MIRROR to the address of one, which ends with /debian.',
  );
}
