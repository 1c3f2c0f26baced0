import { join } from 'node:path';
import { buildProgram } from '../../test/support/controlplane/gobuild.ts';
import { readSettings } from '../../test/support/controlplane/settings.ts';

/**
 * Builds the program of the folder webhook/ once, in a minute or two: controller-runtime's admission server, which
 * decodes the object and runs Tekton's dag.Build. Without Go, it says so, and the comparisons with it are not run.
 */
export async function buildGoWebhook(): Promise<string | undefined> {
  const folder = join(import.meta.dirname, 'webhook');
  const title = 'a Go webhook';
  const made = {
    name: 'webhook',
    title,
    folder,
    target: '.',
    ldflags: '-s -w',
    requirements: 'go',
    sources: ['main.go'],
  };
  try {
    return await buildProgram(made, readSettings(process.env), console.error);
  } catch (error) {
    console.error(`The Go webhook is not run, which takes Go 1.26 or newer and its modules: ${String(error)}`);
    return undefined;
  }
}
