import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { buildProgram } from '../../test/support/controlplane/gobuild.ts';
import { readSettings } from '../../test/support/controlplane/settings.ts';

/** An engine whose Go module is in the folder with its name next to this file. */
export interface PeerModule {
  readonly name: 'argo' | 'tekton';
  readonly module: string;
  /** Path of its controller below the module. */
  readonly program: string;
}

/**
 * Returns the controller, from the cache or built in about 5 minutes on 2 cores. Without cgo, as both projects ship it.
 */
export function buildController({ name, module, program }: PeerModule): Promise<string> {
  const title = `${module}/${program}`;
  const made = {
    ...{ name, title, folder: join(import.meta.dirname, name), target: title, sources: [] },
    ...{ ldflags: '-s -w', requirements: 'go', variables: { CGO_ENABLED: '0' } },
  };
  return buildProgram(made, readSettings(process.env), console.log);
}

/** Returns the folder with the module's own sources, which also has its manifests. */
export function sourcesOf({ name, module }: PeerModule): string {
  const cwd = join(import.meta.dirname, name);
  execFileSync('go', ['mod', 'download', module], { cwd, stdio: 'inherit' });
  return execFileSync('go', ['list', '-m', '-f', '{{.Dir}}', module], { cwd, encoding: 'utf8' }).trim();
}
