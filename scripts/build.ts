// Bundles the program and the packages that it imports into dist/main.cjs, with a source map beside it.
import { join } from 'node:path';
import { bundleProgram } from './release/bundle.ts';

const root = join(import.meta.dirname, '..');
await bundleProgram(root, join(root, 'dist'));
