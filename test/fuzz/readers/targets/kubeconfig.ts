import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { parse } from 'yaml';
import { displayText } from '../../../../src/dag/display.ts';
import { readUserContext } from '../../../../src/kube/kubeconfig.ts';
import { type Entry, type Kubeconfig, readKubeconfig } from '../../../../src/kube/kubeconfig-file.ts';
import { demand } from '../../demand.ts';

const folder = mkdtempSync(join(tmpdir(), 'kubeconfig-'));
const kubeconfig = join(folder, 'config');
const FILES = ['certificate-authority', 'client-certificate', 'client-key', 'tokenFile'];

/** Reads a kubeconfig, its context, and the credentials in it. No plugin is run, and no other file is read. */
export async function fuzz(data: Uint8Array): Promise<void> {
  writeFileSync(kubeconfig, data);
  const config = attempt(() => readKubeconfig([kubeconfig]));
  if (config === undefined) return;
  checkPrinted(new TextDecoder().decode(data), config);
  const host = { environment: {}, now: () => 0 };
  const user = attempt(() => readUserContext({ kubeconfig }, host));
  if (user === undefined) return;
  demand(config.contexts.has(user.context), 'a context that is in the file');
  demand(user.context === config.currentContext && user.namespace !== '', 'the current context, and a namespace');
  const entries = [...config.clusters.values(), ...config.users.values()];
  if (!entries.every(isHarmless)) return;
  try {
    const { server, headers } = await user.load(false);
    demand(typeof server === 'string' && Object.values(headers).every((value) => typeof value === 'string'), 'texts');
  } catch (error) {
    checkError(error);
  }
}

function isHarmless({ fields }: Entry): boolean {
  const isAsking = fields['exec'] != null || fields['auth-provider'] != null;
  return !isAsking && FILES.every((name) => fields[name] === undefined || fields[name] === 'config');
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    return checkError(error);
  }
}

/** An Error whose sentence a user can act on, and nothing else, as a TypeError would be. */
function checkError(error: unknown): undefined {
  demand(error instanceof Error && error.constructor === Error, `an Error with a sentence, not ${String(error)}`);
  const shown = displayText(error.message);
  demand(shown !== '' && !shown.includes('\n'), `a sentence, not ${shown}`);
  return undefined;
}

/** A kubeconfig printed as JSON is read as the same one. (The library does not read all YAML that it prints.) */
function checkPrinted(text: string, config: Kubeconfig): void {
  const printed = JSON.stringify(parse(text, { logLevel: 'silent' })) ?? 'null';
  writeFileSync(kubeconfig, printed);
  const again = readKubeconfig([kubeconfig]);
  demand(isDeepStrictEqual(sketch(again), sketch(config)), `the same of ${printed}`);
  writeFileSync(kubeconfig, text);
}

/** The texts of a kubeconfig: JSON writes other values in its own way. */
function sketch({ currentContext, contexts, clusters, users }: Kubeconfig): unknown {
  const texts = (entries: ReadonlyMap<string, Entry>) =>
    [...entries.values()].map(({ name, fields }) => [
      name,
      Object.entries(fields).filter(([, field]) => typeof field === 'string'),
    ]);
  return { currentContext, contexts: texts(contexts), clusters: texts(clusters), users: texts(users) };
}
