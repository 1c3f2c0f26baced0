import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { mutants } from './mutant-table.ts';
import { mutate } from './mutate.ts';

const read = (file: string) => readFileSync(join(import.meta.dirname, '../..', file), 'utf8');

test.each(mutants.map((mutant) => [mutant.name, mutant] as const))(
  'the mutant still breaks something: %s',
  (_, mutant) => {
    const changed = mutate(mutant, read);
    for (const [file, text] of changed) expect(text).not.toBe(read(file));
  },
);
