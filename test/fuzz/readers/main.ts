// node test/fuzz/readers/main.ts [--minutes 10] [--only NAME] [--seed S] [--input FILE]: runs each target under a fuzzer that is
// guided by coverage, and prints a line for each. Ends with 1 if one fails; --input runs a target once, with what is in a file.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { type Target, targets } from './table.ts';

const jazzer = createRequire(import.meta.url).resolve('@jazzer.js/core/dist/cli.js');
/** What one input may have and take: bytes, seconds, and MiB of the whole process. */
const MOST = { bytes: 2048, seconds: 5, mebibytes: 1536 };

interface Fuzzed {
  readonly isClean: boolean;
  /** All that the fuzzer printed. */
  readonly log: string;
}

/** Fuzzes a target in a folder that has nothing else in it. An input that fails stays there. */
async function fuzz(target: Target, folder: string, fuzzerFlags: readonly string[], input?: string): Promise<Fuzzed> {
  const { name, isSync, seeds, words } = target;
  const bundle = join(folder, 'fuzz.cjs');
  await build({
    entryPoints: [join(import.meta.dirname, `targets/${name}.ts`)],
    outfile: bundle,
    // The fuzzer instruments CommonJS, and all code that it is to explore must be in the bundle.
    ...{ bundle: true, platform: 'node', format: 'cjs', target: 'node24' },
    logOverride: { 'empty-import-meta': 'silent' },
  });
  const [found, first, dictionary] = [join(folder, 'found'), join(folder, 'first'), join(folder, 'words')];
  for (const inside of [found, first]) await mkdir(inside);
  for (const [index, seed] of seeds.entries()) await writeFile(join(first, `${index}`), seed);
  await writeFile(dictionary, words.map((word) => `"${toHex(word)}"\n`).join(''));
  const flags = [
    ...[`-dict=${dictionary}`, `-artifact_prefix=${folder}/`, '-print_final_stats=1'],
    ...[`-max_len=${MOST.bytes}`, `-rss_limit_mb=${MOST.mebibytes}`, ...fuzzerFlags],
  ];
  const inputs = input === undefined ? [found, first] : [resolve(input)];
  // A kubeconfig names files, wherever they are.
  const options = [`--sync=${isSync}`, `--timeout=${MOST.seconds * 1000}`, '--disableBugDetectors=path-traversal'];
  // A file, because the fuzzer loses what it cannot write into a pipe at once.
  const log = await open(join(folder, 'log'), 'w+');
  const child = spawn(process.execPath, [jazzer, bundle, ...inputs, ...options, '--', ...flags], {
    ...{ cwd: folder, stdio: ['ignore', 'ignore', log.fd] },
    env: { ...process.env, TMPDIR: folder },
  });
  const [code] = await once(child, 'exit');
  await log.close();
  return { isClean: code === 0, log: await readFile(join(folder, 'log'), 'utf8') };
}

/** The bytes of a word as libFuzzer reads them. */
function toHex(word: string): string {
  return Array.from(Buffer.from(word), (byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
}

/** One line: what was run, and how far it came. */
function summarize({ log, isClean }: Fuzzed): string {
  const stat = (name: string) => new RegExp(`stat::${name}: +(\\d+)`).exec(log)?.[1] ?? '?';
  const [, edges = '?', features = '?', inputs = '?'] =
    [...log.matchAll(/cov: (\d+) ft: (\d+) corp: (\d+)/g)].at(-1) ?? [];
  return [
    `${isClean ? 'holds' : 'FAILS'}: ${stat('number_of_executed_units')} executions, ${stat('average_exec_per_sec')}/s`,
    `${edges} edges, ${features} features, ${inputs} inputs kept`,
    `slowest ${stat('slowest_unit_time_sec')} s, at most ${stat('peak_rss_mb')} MiB`,
  ].join('; ');
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '10' },
      only: { type: 'string' },
      seed: { type: 'string', default: `${Date.now() % 2 ** 31}` },
      input: { type: 'string' },
    },
  });
  const { minutes, only, seed, input } = values;
  const due = targets.filter(({ name }) => only === undefined || name === only);
  if (due.length === 0) throw new Error(`no target is called ${only}: ${targets.map(({ name }) => name).join(', ')}`);
  console.log(`${minutes} minutes each, --seed ${seed}`);
  for (const target of due) {
    const folder = await mkdtemp(join(tmpdir(), `fuzz-${target.name}-`));
    const flags = [`-seed=${seed}`, `-max_total_time=${Math.round(Number(minutes) * 60)}`];
    const fuzzed = await fuzz(target, folder, flags, input);
    console.log(`${target.name} ${summarize(fuzzed)}`);
    if (fuzzed.isClean) await rm(folder, { recursive: true });
    else fail(target, folder, fuzzed);
  }
}

function fail({ name }: Target, folder: string, { log }: Fuzzed): void {
  process.exitCode = 1;
  console.log(log.slice(Math.max(0, log.search(/^==\d+==/m))));
  console.log(`The input is in ${folder}: make fuzz-readers FUZZ_READERS='--only ${name} --input FILE'`);
}

await main();
