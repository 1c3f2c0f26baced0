import { once } from 'node:events';
import { copyFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import type { KubeObject } from '../../../src/objects/object.ts';
import type { Orchestration } from '../../../src/orchestration/decode.ts';
import { issueIdentity } from '../../support/https.ts';
import { TOOL_RUNS } from '../../support/model/engine.ts';
import { endOf } from '../mixed-run.ts';
import { type Ground, PATIENCE_MS, type Scenario } from '../scenario.ts';

const toolRun = (name: string, dependsOn: string[] = []): Orchestration['steps'][number] => ({
  name,
  kind: 'ToolRun',
  toolRef: { name: 'echo' },
  dependsOn,
});
const agentRun = (name: string, dependsOn: string[] = []): Orchestration['steps'][number] => ({
  name,
  kind: 'AgentRun',
  agentRef: { name: 'coder' },
  implementation: { inline: { text: name } },
  dependsOn,
});

export async function apply({ plane }: Ground, ...objects: object[]): Promise<void> {
  for (const object of objects) {
    const { code, stderr } = await plane.kubectl(['apply', '--server-side', '--force-conflicts', '-f', '-'], {
      input: JSON.stringify(object),
    });
    if (code !== 0) throw new Error(stderr);
  }
}

async function remove({ plane }: Ground, ...what: string[]): Promise<void> {
  const { code, stderr } = await plane.kubectl(['delete', ...what, '--ignore-not-found']);
  if (code !== 0) throw new Error(stderr);
}

/** A Role with the rights of a reconciler, except on the resources in `left`. */
export function roleWithout(namespace: string, left: readonly string[]): object {
  const rules = [
    [
      'orchestration.proompteng.ai',
      ['orchestrations', 'orchestrations/status', 'orchestrationruns', 'orchestrationruns/status'],
    ],
    ['agents.proompteng.ai', ['agentruns']],
    ['tools.proompteng.ai', ['toolruns', 'tools']],
    ['approvals.proompteng.ai', ['approvalpolicies']],
    ['signals.proompteng.ai', ['signaldeliveries']],
    ['apps', ['controllerrevisions']],
    ['', ['events']],
    ['coordination.k8s.io', ['leases']],
  ] as const;
  const allowed = rules.map(([group, resources]) => ({
    apiGroups: [group],
    resources: resources.filter((resource) => !left.includes(resource)),
    verbs: ['*'],
  }));
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata: { name: 'reconciler', namespace },
    rules: allowed.filter(({ resources }) => resources.length > 0),
  };
}

/**
 * Ten waits that double from 5 ms add up to 5 s, or to half of it on average with jitter. News of the three children also
 * wakes the run.
 */
const MOST_REFUSALS = 20;

export const access: readonly Scenario[] = [
  {
    id: 'F17',
    title: 'the token revoked and replaced; the right to one kind withdrawn and given back',
    async play(ground) {
      const { plane, note, count } = ground;
      const arena = await ground.open({
        steps: [toolRun('tool'), agentRun('agent'), toolRun('later', ['agent'])],
        expect: (status) => {
          // What RBAC refuses fails the attempt, in the server's words; other kinds go on.
          const isRight = (end: string) =>
            /^agent Succeeded/.test(end) || /^(tool|later) (Succeeded Completed|Failed ChildRefused) 1$/.test(end);
          return endOf(status).filter((end) => !isRight(end));
        },
      });
      const { namespace } = arena;
      const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'reconciler', namespace } };
      const binding = {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'RoleBinding',
        metadata: { name: 'reconciler', namespace },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reconciler' },
        subjects: [{ kind: 'ServiceAccount', name: 'reconciler', namespace }],
      };
      await apply(ground, account, roleWithout(namespace, []), binding);
      const kubeconfig = await arena.proxy.kubeconfig(await plane.serviceAccountKubeconfig(namespace, 'reconciler'));
      const replica = await arena.startReplica({ kubeconfig });
      await arena.createRuns(3);
      await arena.finish(PATIENCE_MS);

      note('the token is revoked for 5 s');
      count('faults');
      await remove(ground, 'serviceaccount', 'reconciler', `--namespace=${namespace}`);
      await arena.createRuns(3, 'revoked');
      await delay(5_000);
      await apply(ground, account);
      await copyFile(
        await arena.proxy.kubeconfig(await plane.serviceAccountKubeconfig(namespace, 'reconciler')),
        kubeconfig,
      );
      await arena.finish(PATIENCE_MS + 30_000);

      note('ToolRuns are forbidden for 10 s');
      count('faults');
      await apply(ground, roleWithout(namespace, ['toolruns']));
      await arena.createRuns(3, 'forbidden');
      await delay(10_000);
      await apply(ground, roleWithout(namespace, []));
      await arena.createRuns(3, 'allowed');
      await arena.finish(PATIENCE_MS + 30_000);
      if (replica.starts() > 1) ground.complain(`the process was started ${replica.starts()} times`);
    },
  },
  {
    id: 'F18',
    title: 'a webhook on children that is down, slow for 9 s, or refuses one kind',
    async play(ground) {
      const { note, count } = ground;
      const arena = await ground.open({
        steps: [toolRun('tool'), agentRun('agent', ['tool'])],
        expect: (status, _, name) => {
          const agent = name.startsWith('refused') ? 'agent Failed ChildRefused 1' : 'agent Succeeded Completed 1';
          return endOf(status).filter((end) => end !== 'tool Succeeded Completed 1' && end !== agent);
        },
      });
      await arena.startReplica();
      const identity = await issueIdentity();
      let delayMs = 0;
      let isRefusing = false;
      const answer = async (request: IncomingMessage, reply: ServerResponse) => {
        const { request: review } = (await json(request)) as { request: { uid: string; kind: { kind: string } } };
        await delay(delayMs);
        const allowed = !(isRefusing && review.kind.kind === 'AgentRun');
        const response = { uid: review.uid, allowed, ...(!allowed && { status: { message: 'no agents on Sundays' } }) };
        const body = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response };
        reply.setHeader('content-type', 'application/json').end(JSON.stringify(body));
      };
      const server = createServer(identity.pair, (request, reply) => void answer(request, reply));
      await once(server.listen(0, '127.0.0.1'), 'listening');
      const { port } = server.address() as AddressInfo;
      ground.defer(() => server.close());
      const name = arena.namespace;
      const install = (failurePolicy: 'Fail' | 'Ignore', url: string) =>
        apply(ground, {
          apiVersion: 'admissionregistration.k8s.io/v1',
          kind: 'ValidatingWebhookConfiguration',
          metadata: { name },
          webhooks: [
            {
              name: 'children.example.com',
              admissionReviewVersions: ['v1'],
              sideEffects: 'None',
              timeoutSeconds: 10,
              failurePolicy,
              namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } },
              rules: [
                {
                  operations: ['CREATE'],
                  apiGroups: ['tools.proompteng.ai', 'agents.proompteng.ai'],
                  apiVersions: ['*'],
                  resources: ['*'],
                },
              ],
              clientConfig: { url, caBundle: Buffer.from(identity.caPem).toString('base64') },
            },
          ],
        });
      ground.defer(() => remove(ground, 'validatingwebhookconfiguration', name));
      const away = 'https://127.0.0.1:9';
      const here = `https://127.0.0.1:${port}`;
      const part = async (what: string, prefix: string) => {
        await delay(1_500); // until the API server has read the configuration
        note(what);
        count('faults');
        await arena.createRuns(2, prefix);
      };
      await install('Ignore', away);
      await part('down, ignored', 'ignored');
      await arena.finish(PATIENCE_MS);
      await install('Fail', away);
      await part('down, and creates fail', 'down');
      await delay(5_000);
      delayMs = 9_000;
      await install('Fail', here);
      await part('slow', 'slow');
      await arena.finish(PATIENCE_MS + 60_000);
      delayMs = 0;
      isRefusing = true;
      await part('refuses AgentRuns', 'refused');
      await arena.finish(PATIENCE_MS);
    },
  },
  {
    id: 'F20',
    title: 'a quota that refuses children until it is raised',
    async play(ground) {
      const names = ['a', 'b', 'c', 'd', 'e', 'f'];
      const arena = await ground.open({
        steps: names.map((name) => toolRun(name)),
        expect: (status, children) => [
          ...endOf(status).filter((end) => !/^[a-f] Succeeded Completed 1$/.test(end)),
          ...(children.length === names.length ? [] : [`${children.length} children`]),
        ],
      });
      const { client, namespace, journal } = arena;
      const quotas = { group: '', version: 'v1', plural: 'resourcequotas', kind: 'ResourceQuota', namespaced: true };
      const count = `count/${TOOL_RUNS.plural}.${TOOL_RUNS.group}`;
      const target = { namespace, name: 'children' };
      // The API server's admission enforces what the status says; no quota controller runs here to fill it in.
      const allow = async (most: string) => {
        const body = { spec: { hard: { [count]: most } } };
        await client.patch(quotas, target, { type: 'merge', body });
        const used = String(journal.current(TOOL_RUNS.kind).length);
        const status = { hard: { [count]: most }, used: { [count]: used } };
        await client.patch(quotas, target, { type: 'merge', body: { status } }, { subresource: 'status' });
      };
      await client.create(quotas, { apiVersion: 'v1', kind: 'ResourceQuota', metadata: target, spec: { hard: {} } });
      await allow('3');
      await arena.startReplica();
      await arena.createRuns(1);
      const isFull = await arena.until(() => journal.current(TOOL_RUNS.kind).length === 3, PATIENCE_MS);
      await delay(3_000);
      const created = journal.current(TOOL_RUNS.kind).length;
      ground.note(`${created} children under a quota of 3`);
      ground.count('faults');
      if (!isFull || created !== 3) ground.complain(`the quota of 3 let ${created} children be`);
      const refused = arena.proxy.calls.filter(({ verb, answer }) => verb === 'create' && answer?.status === 403);
      const refusedNames = new Set(refused.map(({ body }) => (body as KubeObject).metadata.name));
      ground.note(`${refused.length} refusals, of ${[...refusedNames].join()}`);
      // Each is tried once, and then one of them at each look, and looks come ever later: 5 ms, 10 ms ...
      if (refusedNames.size !== 3) ground.complain(`${refusedNames.size} children were tried under a full quota`);
      if (refused.length > MOST_REFUSALS) ground.complain(`${refused.length} tries within 3 s of a full quota`);
      await allow('100');
      await arena.finish(PATIENCE_MS);
    },
  },
];
