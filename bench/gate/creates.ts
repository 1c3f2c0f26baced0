import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseAllDocuments } from 'yaml';
import { resolveBinaries } from '../../test/support/controlplane/binaries.ts';
import { type ControlPlane, startControlPlane } from '../../test/support/controlplane/controlplane.ts';
import { readSettings } from '../../test/support/controlplane/settings.ts';
import { resolveTools } from '../../test/support/controlplane/tools.ts';
import { chain, withLoop } from '../graphs.ts';
import type { Row } from '../table.ts';
import { percentile } from '../turns.ts';
import { type Certificates, readMetric, startGate } from './processes.ts';
import { toManifest } from './reviews.ts';

interface Manifest {
  readonly webhooks?: readonly { clientConfig: object }[];
}

const GATED = 'gated';
const FREE = 'free';
/** Creates of each kind that are not counted: connections open, code is compiled. */
const WARM_UP = 50;
const REVIEWS = 'orchestration_gate_admission_requests_total';

/**
 * What the gate's webhooks add to a create, on a control plane with the project's charts. Programs of a control plane are
 * found as for the tests: KUBEBUILDER_ASSETS, the cache, or a Go build of minutes.
 */
export async function measureCreates(certificates: Certificates, count: number): Promise<Row[]> {
  const settings = readSettings(process.env);
  const binaries = await resolveBinaries(settings, console.error);
  const tools = await resolveTools(settings);
  await using gate = await startGate(certificates);
  await using plane = disposable(await startControlPlane({ binaries, tools, environment: settings.environment }));
  await installWebhooks(plane, gate.port, certificates.ca);
  const create = connect(plane);
  await untilGated(create);
  await createInTurn(create, 'warm-up', WARM_UP);

  const before = await readMetric(gate, REVIEWS);
  const { gated, free } = await createInTurn(create, 'bench', count);
  const reviews = (await readMetric(gate, REVIEWS)) - before;
  if (reviews !== count) throw new Error(`${count} creates, and the gate was asked ${reviews} times`);
  const rowOf = (name: string, share: number, maxAdded: number): Row => ({
    ...{ what: `gate: create through an API server, ${name}`, unit: 'ms', ours: percentile(gated, share) },
    ...{ against: 'without the gate', other: percentile(free, share), budget: { maxAdded } },
  });
  return [rowOf('median', 0.5, 2), rowOf('p99', 0.99, 10)];
}

function disposable(plane: ControlPlane): ControlPlane & AsyncDisposable {
  return { ...plane, [Symbol.asyncDispose]: plane.stop };
}

async function installWebhooks({ kubectl, helm }: ControlPlane, port: number, ca: string): Promise<void> {
  const render = async (chart: string, ...values: string[]) => {
    const flags = values.flatMap((value) => ['--set', value]);
    return mustRun(helm(['template', 'bench', join(import.meta.dirname, '../../charts', chart), ...flags]));
  };
  const apply = (input: string) => mustRun(kubectl(['apply', '--filename', '-'], { input }));
  for (const namespace of [GATED, FREE]) await mustRun(kubectl(['create', 'namespace', namespace]));
  await apply(await render('orchestration-gate-crds'));
  await mustRun(kubectl(['wait', 'crd', '--all', '--for', 'condition=Established']));
  const url = `webhook.url=https://127.0.0.1:${port}`;
  const rendered = await render('orchestration-gate', url, `controller.namespaces={${GATED}}`);
  const items = parseAllDocuments(rendered).map((document) => document.toJS() as Manifest);
  const caBundle = Buffer.from(ca).toString('base64');
  for (const { clientConfig } of items.flatMap(({ webhooks = [] }) => webhooks))
    Object.assign(clientConfig, { caBundle });
  await apply(JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
}

async function mustRun(tool: ReturnType<ControlPlane['kubectl']>): Promise<string> {
  const { code, stdout, stderr } = await tool;
  if (code !== 0) throw new Error(stderr);
  return stdout;
}

type Create = (namespace: string, name: string, graph?: typeof twenty) => Promise<number>;

const twenty = chain(20);

/** Creates Orchestrations over one kept connection, and gives the status of each. */
function connect({ server, caData, adminToken }: ControlPlane): Create {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: Buffer.from(caData, 'base64') });
  const headers = { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' };
  return (namespace, name, graph = twenty) => {
    const url = `${server}/apis/orchestration.proompteng.ai/v1alpha1/namespaces/${namespace}/orchestrations`;
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const sent = request(url, { agent, headers, method: 'POST' }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode ?? 0));
    });
    sent.on('error', reject).end(JSON.stringify(toManifest(graph, name, namespace)));
    return promise;
  };
}

/** The API server takes a moment to see new webhooks: until then it stores a loop. */
async function untilGated(create: Create): Promise<void> {
  for (let index = 0; (await create(GATED, `loop-${index}`, withLoop(twenty))) !== 422; index++) {
    if (index > 500) throw new Error('the API server does not ask the gate');
    await delay(20);
  }
}

/** Milliseconds of each create. Which namespace is first changes from pair to pair. */
async function createInTurn(
  create: Create,
  prefix: string,
  count: number,
): Promise<Record<typeof GATED | typeof FREE, number[]>> {
  const times = { [GATED]: [] as number[], [FREE]: [] as number[] };
  for (let index = 0; index < count; index++) {
    for (const namespace of index % 2 === 0 ? ([GATED, FREE] as const) : ([FREE, GATED] as const)) {
      const start = performance.now();
      const status = await create(namespace, `${prefix}-${index}`);
      times[namespace].push(performance.now() - start);
      if (status !== 201) throw new Error(`a create was answered with status ${status}`);
    }
  }
  return times;
}
