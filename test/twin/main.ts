// node test/twin/main.ts [--applies 1000]: asks a real API server what is stored while no gate answers and the chart's policy for
// Orchestrations is there, at which size each rule of the policy is out of reach, and what its expressions cost. Prints three tables.
import { parseArgs } from 'node:util';
import { resolveBinaries } from '../support/controlplane/binaries.ts';
import { startControlPlane } from '../support/controlplane/controlplane.ts';
import { readSettings } from '../support/controlplane/settings.ts';
import { resolveTools } from '../support/controlplane/tools.ts';
import { installCrds } from '../support/gate.ts';
import { measureCosts } from './cost.ts';
import { measureReach, shapes } from './reach.ts';
import { countStored } from './stored.ts';

const SIZES = [50, 200, 1000];

/** Prints each row as soon as it is measured. */
async function tabulate(title: string, head: readonly string[], rows: AsyncIterable<readonly (string | number)[]>) {
  console.log(`\n${title}\n\n| ${head.join(' | ')} |\n|${'---|'.repeat(head.length)}`);
  for await (const row of rows) console.log(`| ${row.join(' | ')} |`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { applies: { type: 'string', default: '1000' } } });
  await using ends = new AsyncDisposableStack();
  const settings = readSettings(process.env);
  const binaries = await resolveBinaries(settings, console.error);
  const tools = await resolveTools(settings);
  const cluster = await startControlPlane({ binaries, tools, environment: settings.environment });
  ends.defer(cluster.stop);
  await installCrds(cluster, 'agents');
  for (const namespace of ['cost', 'reach', 'stored']) await cluster.kubectl(['create', 'namespace', namespace]);

  const stored = `${values.applies} creates with each mistake, with the policy, while no gate answers (failurePolicy: Ignore):`;
  const head = [
    'mistake',
    'denied by name',
    'stored',
    'neither',
    'found by the audit',
    'seconds after the last answer',
  ];
  await tabulate(stored, head, countStored(cluster, 'stored', Number(values.applies)));

  const titles = shapes.map(({ nameLength, entries }) => `names of ${nameLength}, dependencies ${entries}`);
  const reach = 'The first number of steps at which a mistake in the last one is not denied:';
  await tabulate(reach, ['rule', ...titles], measureReach(cluster, 'reach'));

  const sizes = SIZES.map((size) => `${size} steps`);
  const costs = measureCosts(cluster, 'cost', SIZES);
  await tabulate('Cost of each expression, of 1,000,000 that the API server allows:', ['expression', ...sizes], costs);
}

await main();
