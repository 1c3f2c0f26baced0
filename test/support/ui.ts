import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Component, createComponent } from './controlplane/component.ts';
import { createGuardedFolder } from './controlplane/folder.ts';

const SOURCES: readonly string[] = [process.execPath, join(import.meta.dirname, '../../src/main.ts')];

/** `orchestration-gate ui` as a process that starts from the sources. */
export interface Ui {
  /** What the terminal shows to open, with the token. */
  readonly url: string;
  readonly process: Component;
  /** All it wrote, complaints too. */
  readonly readOutput: () => Promise<string>;
  /** Ends the process and removes its folder, as also happens when this process dies. */
  readonly stop: () => Promise<void>;
}

export interface UiOptions {
  readonly kubeconfig: string;
  readonly namespace: string;
  /** The program, as the words that come before its verb. By default Node with the sources. */
  readonly program?: readonly string[];
  /** More flags of `ui`. */
  readonly flags?: readonly string[];
}

/** Starts the page's server and waits until it shows its URL: 1 s. */
export async function startUi({ kubeconfig, namespace, program = SOURCES, flags = [] }: UiOptions): Promise<Ui> {
  const folder = await createGuardedFolder();
  const readOutput = async () => readFile(process.logPath, 'utf8');
  const findUrl = async () => /http:\/\/127\.0\.0\.1:\d+\/#token=[\w-]+/.exec(await readOutput())?.[0];
  const process = createComponent({
    name: 'ui',
    folder,
    command: [...[...program, 'ui', '--kubeconfig', kubeconfig, '-n', namespace], ...flags],
    isReady: async () => (await findUrl()) !== undefined,
  });
  const stop = async () => {
    await process.kill('SIGKILL');
    await folder.remove();
  };
  try {
    await process.start();
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: (await findUrl()) ?? '', process, readOutput, stop };
}
