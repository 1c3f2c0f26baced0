// `make bench-scale`: measures many live runs on one replica, and on three replicas of which one is killed. The first
// time, there are only live runs, the second time also finished runs. It takes an hour and a half at full size, and
// continues where it was stopped.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { writeScalingPage } from '../../scripts/scaling-page.ts';
import { formatTable, verdictOf } from '../table.ts';
import { type Measured, measureScale } from './measure.ts';
import { rowsOf } from './report.ts';

const FULL = { runs: 20_000, finished: 100_000 };
const GROUPS = [1, 3];

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: String(FULL.runs) },
    finished: { type: 'string', default: String(FULL.finished) },
    fresh: { type: 'boolean' },
  },
});
const size = { runs: Number(values.runs), finished: Number(values.finished) };
if (!Object.values(size).every((count) => Number.isInteger(count) && count >= 0) || size.runs === 0) {
  console.error(`--runs ${values.runs} --finished ${values.finished}: give whole numbers, and one run at least`);
  process.exit(2);
}

const isFull = size.runs === FULL.runs && size.finished === FULL.finished;
const file = isFull
  ? join(import.meta.dirname, 'results.json')
  : join(tmpdir(), `bench-scale-${size.runs}-${size.finished}.json`);
const measured: Measured[] =
  existsSync(file) && !values.fresh ? (JSON.parse(readFileSync(file, 'utf8')) as Measured[]) : [];
for (const finished of new Set([0, size.finished])) {
  for (const replicas of GROUPS) {
    const name = `[${replicas} of ${GROUPS.join(' and ')} replicas, ${finished} finished runs]`;
    if (measured.some((one) => one.replicas === replicas && one.finished === finished)) {
      console.log(`${name} measured before; --fresh measures again`);
      continue;
    }
    console.log(`${name} begins`);
    measured.push(await measureScale(replicas, { ...size, finished }, (line) => console.log(`${name} ${line}`)));
    writeFileSync(file, `${JSON.stringify(measured, undefined, 2)}\n`);
  }
}
const rows = rowsOf(measured);
console.log(`\n${formatTable(rows)}\n\nRaw data: ${file}`);
if (isFull) await writeScalingPage(join(import.meta.dirname, '../..'));
if (rows.some((row) => verdictOf(row) === 'NOT HELD')) process.exitCode = 1;
