// Writes the expected problems of the examples in examples/rejected and examples/warned anew.
import { join } from 'node:path';
import { writeGoldens } from './examples.ts';

await writeGoldens(join(import.meta.dirname, '..'));
