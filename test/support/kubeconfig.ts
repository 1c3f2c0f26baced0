import { join } from 'node:path';
import { makeFolder } from './folder.ts';

export const base64 = (text: string) => Buffer.from(text).toString('base64');

/** A kubeconfig whose user and cluster have these fields too, in a folder with these files, until the test ends. */
export async function makeKubeconfig(
  user: object,
  cluster: object = {},
  files: Readonly<Record<string, string>> = {},
): Promise<{ readonly folder: string; readonly path: string }> {
  const content = {
    clusters: [{ name: 'c', cluster: { server: 'https://api:6443/', ...cluster } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  };
  const folder = await makeFolder({ ...files, config: JSON.stringify(content) });
  return { folder, path: join(folder, 'config') };
}

/** A credential plugin: a program that runs this script and prints what is in its `status`. */
export function pluginOf(script: string): string {
  return [
    `#!${process.execPath}`,
    'const status = {};',
    script,
    "const head = { apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential' };",
    'console.log(JSON.stringify({ ...head, status }));',
  ].join('\n');
}
