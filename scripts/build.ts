// Bundles the program and the packages that it imports into dist/program.cjs, with a source map and dist/main.cjs beside it,
// which starts it.
import { join } from 'node:path';
import { bundleProgram } from './release/bundle.ts';

const root = join(import.meta.dirname, '..');
await bundleProgram(root, join(root, 'dist'));
