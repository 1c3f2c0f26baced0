import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseAllDocuments } from 'yaml';
import { resolveBinaries } from '../../test/support/controlplane/binaries.ts';
import { type ControlPlane, startControlPlane } from '../../test/support/controlplane/controlplane.ts';
import { readSettings } from '../../test/support/controlplane/settings.ts';
import { resolveTools } from '../../test/support/controlplane/tools.ts';
import { chain, withLoop } from '../graphs.ts';
import type { Budget, Row } from '../table.ts';
import { percentile } from '../turns.ts';
import { type Client, measurePairs } from './pairs.ts';
import { type Certificates, readMetric, startBare, startGate } from './processes.ts';
import { toManifest } from './reviews.ts';

interface Manifest {
  readonly webhooks?: readonly { clientConfig: object }[];
}

/** Three namespaces: with the gate in front, with a program that allows everything, and without a webhook. */
const GATED = 'gated';
const BARE = 'bare';
const FREE = 'free';
/** The number of first creates of each kind that do not count: connections open, and code is compiled. */
const WARM_UP = 50;
const REVIEWS = 'orchestration_gate_admission_requests_total';

interface Counts {
  /** The number of creates of each kind that take turns. */
  readonly rotations: number;
  /** The number of pairs of creates, one with the gate and one with bare Fastify, for each size. */
  readonly pairs: number;
}

/**
 * Measures what the gate's webhooks add to a create, on a control plane with the project's charts. The programs of the
 * control plane come from the same places as for the tests: KUBEBUILDER_ASSETS, the cache, or a Go build that takes
 * minutes.
 */
export async function measureCreates(certificates: Certificates, counts: Counts): Promise<Row[]> {
  const settings = readSettings(process.env);
  const binaries = await resolveBinaries(settings, console.error);
  const tools = await resolveTools(settings);
  await using gate = await startGate(certificates);
  await using bare = await startBare(certificates, []);
  await using plane = disposable(await startControlPlane({ binaries, tools, environment: settings.environment }));
  await installCrds(plane);
  await installWebhooks(plane, GATED, gate.port, certificates.ca);
  await installWebhooks(plane, BARE, bare.port, certificates.ca);
  await mustRun(plane.kubectl(['create', 'namespace', FREE]));
  const client = connect(plane);
  await untilGated(client);
  await createInTurn(client, 'warm-up', WARM_UP);

  const before = await readMetric(gate, REVIEWS);
  const times = await createInTurn(client, 'bench', counts.rotations);
  const reviews = (await readMetric(gate, REVIEWS)) - before;
  // One review for each object that declares what its steps wait for, and two for each that does not.
  if (reviews !== 3 * counts.rotations)
    throw new Error(`${2 * counts.rotations} creates, and the gate was asked ${reviews} times`);
  const rowOf = (name: string, share: number, ours: readonly number[], budget: Budget): Row => ({
    ...{ what: `gate: create through an API server, ${name}`, unit: 'ms', ours: percentile(ours, share), budget },
    ...{ against: 'without a webhook', other: percentile(times.free, share) },
  });
  return [
    rowOf('median', 0.5, times.gated, { maxAdded: 2 }),
    rowOf('p99', 0.99, times.gated, { maxAdded: 10 }),
    rowOf('median, defaulted', 0.5, times.defaulted, {}),
    ...(await measurePairs(client, { gated: GATED, bare: BARE }, counts.pairs)),
  ];
}

function disposable(plane: ControlPlane): ControlPlane & AsyncDisposable {
  return { ...plane, [Symbol.asyncDispose]: plane.stop };
}

async function installCrds(plane: ControlPlane): Promise<void> {
  await apply(plane, await render(plane, 'orchestration-gate-crds', 'bench'));
  await mustRun(plane.kubectl(['wait', 'crd', '--all', '--for', 'condition=Established']));
}

/** Makes a namespace, and lets the API server ask the program at `port` about every create there. */
async function installWebhooks(plane: ControlPlane, namespace: string, port: number, ca: string): Promise<void> {
  await mustRun(plane.kubectl(['create', 'namespace', namespace]));
  const url = `webhook.url=https://127.0.0.1:${port}`;
  const values = ['--set', `${url},controller.namespaces={${namespace}}`, '--show-only', 'templates/webhooks.yaml'];
  const rendered = await render(plane, 'orchestration-gate', namespace, ...values);
  const items = parseAllDocuments(rendered).map((document) => document.toJS() as Manifest);
  const caBundle = Buffer.from(ca).toString('base64');
  for (const { clientConfig } of items.flatMap(({ webhooks = [] }) => webhooks))
    Object.assign(clientConfig, { caBundle });
  await apply(plane, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
}

function render({ helm }: ControlPlane, chart: string, release: string, ...flags: string[]): Promise<string> {
  return mustRun(helm(['template', release, join(import.meta.dirname, '../../charts', chart), ...flags]));
}

function apply({ kubectl }: ControlPlane, input: string): Promise<string> {
  return mustRun(kubectl(['apply', '--filename', '-'], { input }));
}

async function mustRun(tool: ReturnType<ControlPlane['kubectl']>): Promise<string> {
  const { code, stdout, stderr } = await tool;
  if (code !== 0) throw new Error(stderr);
  return stdout;
}

const twenty = chain(20);
const undeclared = { steps: twenty.steps.map(({ name }) => ({ name })) };

/** The kinds of creates that take turns, with their namespaces and steps. */
const kinds = {
  gated: { namespace: GATED, graph: twenty },
  defaulted: { namespace: GATED, graph: undeclared },
  free: { namespace: FREE, graph: twenty },
};
type Kind = keyof typeof kinds;

/** Returns a client that creates and deletes Orchestrations over one persistent connection. */
function connect({ server, caData, adminToken }: ControlPlane): Client {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: Buffer.from(caData, 'base64') });
  const headers = { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' };
  const ask = (method: string, path: string, body?: string): Promise<number> => {
    const url = `${server}/apis/orchestration.proompteng.ai/v1alpha1/namespaces/${path}`;
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const sent = request(url, { agent, headers, method }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode ?? 0));
    });
    sent.on('error', reject).end(body);
    return promise;
  };
  return {
    create: (namespace, name, graph = twenty) =>
      ask('POST', `${namespace}/orchestrations`, JSON.stringify(toManifest(graph, name, namespace))),
    remove: (namespace, name) => ask('DELETE', `${namespace}/orchestrations/${name}`),
  };
}

/** Waits until the API server calls the new webhooks. Until then, it stores a loop. */
async function untilGated({ create }: Client): Promise<void> {
  for (let index = 0; (await create(GATED, `loop-${index}`, withLoop(twenty))) !== 422; index++) {
    if (index > 500) throw new Error('the API server does not ask the gate');
    await delay(20);
  }
}

/** Returns the milliseconds of each create. The kind that comes first changes from turn to turn. */
async function createInTurn({ create }: Client, prefix: string, count: number): Promise<Record<Kind, number[]>> {
  const times: Record<Kind, number[]> = { gated: [], defaulted: [], free: [] };
  const order = Object.keys(kinds) as Kind[];
  for (let index = 0; index < count; index++) {
    for (const kind of order) {
      const { namespace, graph } = kinds[kind];
      const start = performance.now();
      const status = await create(namespace, `${prefix}-${kind}-${index}`, graph);
      times[kind].push(performance.now() - start);
      if (status !== 201) throw new Error(`a create was answered with status ${status}`);
    }
    order.push(order.shift() as Kind);
  }
  return times;
}
