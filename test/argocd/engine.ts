import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { makeOnce } from '../support/controlplane/cache.ts';
import type { Settings } from '../support/controlplane/settings.ts';

/** How Argo CD applies: `ServerSideApply=true` is a sync option. */
export type Sync = 'client-side' | 'server-side';
/** How Argo CD compares: its default, the `ServerSideDiff=true` of compare options, and that with `IncludeMutationWebhook=true`. */
export type Diff = 'default' | 'server-side' | 'server-side with mutation webhooks';

/** Argo CD's engine, until disposed. */
export interface Engine extends AsyncDisposable {
  readonly sync: (manifest: object, sync: Sync) => Promise<void>;
  /** Undefined if the object is Synced. Otherwise, what is live and what Argo CD would make of it. */
  readonly compare: (manifest: object, diff: Diff) => Promise<Difference | undefined>;
}

export interface Difference {
  readonly live: string;
  readonly predicted: string;
}

const folder = join(import.meta.dirname, 'engine');

/** Builds the engine with Go, once. This takes some minutes. If a newer Go is needed, it is fetched as a module. */
export async function buildEngine({ cacheFolder, environment }: Settings): Promise<string> {
  const hash = createHash('sha256');
  for (const source of ['go.mod', 'go.sum', 'main.go']) hash.update(await readFile(join(folder, source)));
  return makeOnce(join(cacheFolder, hash.digest('hex').slice(0, 16), 'argocd-engine'), async (program) => {
    console.error('building the engine of Argo CD with Go; this is done once');
    const go = spawn('go', ['build', '-trimpath', '-o', program, '.'], {
      cwd: folder,
      env: { ...environment, GOTOOLCHAIN: 'auto' },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    const [code] = await once(go, 'close');
    if (code !== 0) throw new Error('the engine of Argo CD cannot be built: what Go said is above');
  });
}

/** Starts the engine for the cluster of a kubeconfig. */
export function startEngine(program: string, kubeconfig: string): Engine {
  const child = spawn(program, [kubeconfig], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  /** One order at a time. */
  async function ask(order: object): Promise<Partial<Difference>> {
    child.stdin.write(`${JSON.stringify(order)}\n`);
    const { value, done } = await lines.next();
    if (done === true) throw new Error('the engine has ended: what it said is above');
    const { error, ...answer } = JSON.parse(value) as Partial<Difference> & { error?: string };
    if (error !== undefined) throw new Error(error);
    return answer;
  }
  return {
    async sync(manifest, sync) {
      await ask({ verb: 'sync', manifest, serverSideApply: sync === 'server-side' });
    },
    async compare(manifest, diff) {
      const includeMutationWebhook = diff === 'server-side with mutation webhooks';
      const { live, predicted } = await ask({
        ...{ verb: 'diff', manifest, serverSideDiff: diff !== 'default', includeMutationWebhook },
      });
      return live === undefined || predicted === undefined ? undefined : { live, predicted };
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null) return;
      const ended = once(child, 'exit');
      child.stdin.end();
      await ended;
    },
  };
}
