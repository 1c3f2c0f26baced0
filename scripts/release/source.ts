import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** What is released: its version, and the commit that it is made of. */
export interface Source {
  readonly version: string;
  /** The commit, with `-dirty` where files differ from it. */
  readonly revision: string;
  /** The time of the commit, in seconds since 1970, or SOURCE_DATE_EPOCH. Every artifact has this time and no other. */
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

/** Where packages of Debian are downloaded from: DEBIAN_MIRROR, or the archive of Debian. */
export function readDebianMirror(environment: NodeJS.ProcessEnv): string {
  return environment['DEBIAN_MIRROR'] || 'http://deb.debian.org/debian';
}
