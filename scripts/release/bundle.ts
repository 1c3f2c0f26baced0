import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build, type Metafile } from 'esbuild';
import { VERSION_WORDS } from '../../src/cli/dispatch.ts';
import { bundlePage, PAGE_FILES, readPageFile } from '../../src/ui/files.ts';

/** The bundled program. Its source map is beside it, with `.map` added to the name. */
export const PROGRAM = 'program.cjs';

/** What people start. It says the version, or else loads the program. */
export const LAUNCHER = 'main.cjs';

/**
 * Node takes a tenth of a second to read the program. The version needs nothing of it. For all else Node keeps what it has
 * compiled for the next start; versions that do not can load the program even so.
 */
const describeLauncher = (version: string) => `#!/usr/bin/env node
if (${JSON.stringify([...VERSION_WORDS])}.includes(process.argv[2])) {
  process.stdout.on('error', () => {}).write(${JSON.stringify(`${version}\n`)});
} else {
  require('node:module').enableCompileCache?.();
  require('./${PROGRAM}');
}
`;

/** A syntax that older versions of Node can read, so that the program can say which version it needs. */
const SYNTAX = 'node18';

/**
 * Bundles the sources under `root`, the packages that they import, and the files of the page into `folder`/program.cjs, and
 * writes the launcher beside it. Returns what esbuild read, for the page too, and what it wrote. The same sources and
 * packages give the same bytes.
 */
export async function bundleProgram(root: string, folder: string): Promise<Metafile> {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  const page = await Promise.all(PAGE_FILES.map(async (name) => [name, (await readPageFile(name))?.text]));
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ['src/main.ts'],
    outfile: join(folder, PROGRAM),
    bundle: true,
    platform: 'node',
    // Node caches compiled CommonJS better than modules: a command starts in half the time.
    format: 'cjs',
    target: SYNTAX,
    define: {
      BUNDLED_VERSION: JSON.stringify(version),
      BUNDLED_PAGE: JSON.stringify(JSON.stringify(Object.fromEntries(page))),
    },
    // Functions keep their names, so that a stack trace can be read without the source map.
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    sourcemap: 'external',
    metafile: true,
    // Only the sources bundle the page, and find files by their own place.
    external: ['esbuild'],
    logOverride: { 'empty-import-meta': 'silent' },
    logLevel: 'warning',
  });
  await writeFile(join(folder, LAUNCHER), describeLauncher(version), { mode: 0o755 });
  const { inputs } = (await bundlePage()).metafile;
  return { ...metafile, inputs: { ...inputs, ...metafile.inputs } };
}
