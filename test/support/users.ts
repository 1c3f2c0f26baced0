import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ControlPlane } from './controlplane/controlplane.ts';
import { files } from './controlplane/flags.ts';

/** Lets users of any name in, each with a token of its own, and restarts the API server. Returns the tokens by user. */
export async function addUsers(plane: ControlPlane, names: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const tokens = new Map(names.map((name, index) => [name, `token-${index}`]));
  const lines = [...tokens].map(([name, token]) => `${token},"${name.replaceAll('"', '""')}",${token}\n`);
  await appendFile(join(plane.address.folder, files.tokens), lines.join(''));
  await plane.apiserver.kill('SIGTERM');
  await plane.apiserver.start();
  return tokens;
}
