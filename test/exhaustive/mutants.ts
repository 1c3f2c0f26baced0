import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { mutants } from './mutant-table.ts';
import { type Mutant, mutate } from './mutate.ts';

// node test/exhaustive/mutants.ts [--only <word>]: breaks the planner on purpose, one way at a time, in a copy of the
// project, and tells by which tests that is noticed. Exits with 1 if some break goes unnoticed.

const { values } = parseArgs({ options: { only: { type: 'string', default: '' } } });
const root = resolve(import.meta.dirname, '../..');
const copy = mkdtempSync(join(tmpdir(), 'mutants-'));

const judges = {
  exhaustive: ['test/exhaustive/exhaust.ts', '--quick', '--steps', '3'],
  properties: ['node_modules/vitest/vitest.mjs', 'run', '--project', 'unit', 'test/reconciler/properties.test.ts'],
  examples: ['node_modules/vitest/vitest.mjs', 'run', '--project', 'unit', 'test/reconciler/plan/'],
  places: [
    ...['node_modules/vitest/vitest.mjs', 'run', '--project', 'unit'],
    ...['test/reconciler/turn.test.ts', 'test/reconciler/concurrency.test.ts'],
  ],
};

/** Applies a mutant to the copy and returns what takes it back. */
function apply(mutant: Mutant): () => void {
  const read = (file: string) => readFileSync(join(copy, file), 'utf8');
  const changed = mutate(mutant, read);
  const originals = new Map([...changed.keys()].map((file) => [file, read(file)]));
  const write = (texts: ReadonlyMap<string, string>) => {
    for (const [file, text] of texts) writeFileSync(join(copy, file), text);
  };
  write(changed);
  return () => write(originals);
}

function isCaught(judge: readonly string[]): boolean {
  const { status, error } = spawnSync(process.execPath, judge, { cwd: copy, timeout: 300_000, encoding: 'utf8' });
  return error !== undefined || status !== 0;
}

let survivors = 0;
try {
  for (const part of ['src', 'test', 'package.json', 'tsconfig.json', 'vitest.config.ts'])
    cpSync(join(root, part), join(copy, part), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  const failing = Object.entries(judges).filter(([, judge]) => isCaught(judge));
  if (failing.length > 0) throw new Error(`${failing.map(([name]) => name)} fail already without a mutant`);
  for (const mutant of mutants.filter(({ name }) => name.includes(values.only))) {
    const restore = apply(mutant);
    const caught = Object.entries(judges).flatMap(([name, judge]) => (isCaught(judge) ? [name] : []));
    restore();
    if (caught.length === 0) survivors += 1;
    console.log(`${caught.length > 0 ? 'caught  ' : 'SURVIVES'} ${mutant.name}: ${caught.join(', ')}`);
  }
} finally {
  rmSync(copy, { recursive: true });
}
process.exit(survivors > 0 ? 1 : 0);
