// node test/faults/main.ts [--only F4,F5] [--quick] [--moving] [--seed 7]: plays the scenarios one after the other on a real
// API server, prints a table, and ends with 1 if anything is wrong. With --moving, buckets move all the time meanwhile.
import { parseArgs } from 'node:util';
import { resolveBinaries } from '../support/controlplane/binaries.ts';
import { readSettings } from '../support/controlplane/settings.ts';
import { resolveTools } from '../support/controlplane/tools.ts';
import { play, type Result, startFaultPlane } from './play.ts';
import { explain, isClean, tabulate } from './report.ts';
import type { Scenario } from './scenario.ts';
import { scenarios } from './scenarios/table.ts';

async function run(): Promise<boolean> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      quick: { type: 'boolean', default: false },
      moving: { type: 'boolean', default: false },
      seed: { type: 'string' },
    },
  });
  const seed = Number(values.seed ?? Date.now() % 1_000_000);
  const only = values.only?.split(',');
  const isDue = ({ id, isQuick = false, isShareOf }: Scenario) =>
    only?.includes(id) ?? (values.quick ? isQuick : isShareOf === undefined);
  const due = scenarios.filter(isDue);
  if (due.length === 0)
    throw new Error(`no scenario is called ${values.only}: ${scenarios.map(({ id }) => id).join()}`);
  const startedAt = performance.now();
  const settings = readSettings(process.env);
  const binaries = await resolveBinaries(settings, console.error);
  const parts = { binaries, tools: await resolveTools(settings), environment: settings.environment };
  await using ends = new AsyncDisposableStack();
  const plane = await startFaultPlane(parts);
  ends.defer(plane.stop);
  console.log(`seed ${seed}`);
  const results: Result[] = [];
  const perform = async (scenario: Scenario) => {
    const result = await play(scenario, plane, parts, seed, { isMoving: values.moving });
    results.push(result);
    const { id, title } = scenario;
    const verdict = result.notRun ?? (isClean(result) ? 'holds' : 'FAILS');
    console.log(`${id} ${verdict}, ${result.seconds.toFixed(0)} s: ${title}`);
    if (!isClean(result)) console.log(explain(result));
  };
  const patient = Promise.all(due.filter(({ isPatient }) => isPatient).map(perform));
  for (const scenario of due) if (!scenario.isPatient) await perform(scenario);
  await patient;
  console.log(`\n${tabulate(results, (performance.now() - startedAt) / 1000)}`);
  return results.every(isClean);
}

process.exitCode = (await run()) ? 0 : 1;
