// `make bench-peers`: measures the peers and ours in turn on the same graphs. Writes docs/reference/peers.md and its
// picture.
import { writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Address, findCores, makeCertificates, postReview, startGate, startLoad } from '../gate/processes.ts';
import { sample } from '../gate/reviews.ts';
import { formatTable, verdictOf } from '../table.ts';
import { buildGoPeer, type GoPeer } from './go.ts';
import { measureGrowth } from './growth.ts';
import { startPepr } from './pepr.ts';
import { plotGrowth } from './plot.ts';
import { formatReport, formatVerdicts, type Results } from './report.ts';
import { measureServers } from './servers.ts';
import { compareVerdicts, type Judge } from './verdicts.ts';

const { values } = parseArgs({ options: { quick: { type: 'boolean' } } });
const effort = values.quick ? { rounds: 2, milliseconds: 20 } : { rounds: 7, milliseconds: 300 };
using tekton = buildGoPeer('tekton');
using argo = buildGoPeer('argo');
const [loadBefore = Number.NaN] = loadavg();
const cores = findCores();
await using certificates = await makeCertificates();
await using load = startLoad(cores.load);

const askServer =
  (address: Address): Judge =>
  async (steps) => {
    const answer = await postReview(address, certificates.ca, sample({ steps }, 0, true).review);
    const { response } = JSON.parse(answer ?? '{}') as { response: { allowed: boolean; status: { message: string } } };
    return response.allowed ? '' : response.status.message;
  };
const askProgram =
  (peer: GoPeer): Judge =>
  (steps) =>
    peer.time(steps, 0).problem;

async function measureBesidePepr() {
  await using gate = await startGate(certificates, cores.server);
  await using pepr = await startPepr(certificates, cores.server);
  const judges = {
    ours: askServer(gate),
    ...(tekton && { Tekton: askProgram(tekton) }),
    ...(argo && { 'Argo Workflows': askProgram(argo) }),
    'Pepr with our rules': askServer(pepr),
  };
  return {
    verdicts: await compareVerdicts(judges),
    servers: await measureServers({ gate, pepr, load, certificates }, effort),
  };
}

const beside = await measureBesidePepr();
const points = measureGrowth({ Tekton: tekton, 'Argo Workflows': argo }, effort);
const results: Results = {
  date: new Date().toISOString().slice(0, 10),
  machine: {
    cpu: cpus()[0]?.model ?? 'unknown processor',
    cores: cpus().length,
    node: process.version,
    go: tekton?.goVersion ?? 'no Go',
  },
  loadBefore,
  ...effort,
  ...beside,
  points,
};
console.log(formatTable(results.servers));
console.log(`${formatVerdicts(results.verdicts)}\n`);
if (values.quick || tekton === undefined || argo === undefined) {
  console.log('No file was written: that takes all peers, without --quick, whose numbers are no result.');
} else {
  const docs = join(import.meta.dirname, '../../docs');
  writeFileSync(join(import.meta.dirname, 'results.json'), `${JSON.stringify(results, undefined, 2)}\n`);
  writeFileSync(join(docs, 'reference/peers.md'), formatReport(results));
  writeFileSync(join(docs, 'images/peers-growth.svg'), plotGrowth(points));
}
if (!values.quick && results.servers.some((row) => verdictOf(row) === 'NOT HELD')) process.exitCode = 1;
