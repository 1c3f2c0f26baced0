import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { connectApi, type SendToApi } from '../support/api.ts';
import { startCommand } from '../support/cli.ts';
import type { ControlPlane } from '../support/controlplane/controlplane.ts';
import { describeNeeding, startOwnControlPlane } from '../support/controlplane/suite.ts';
import {
  type Annotations,
  annotate,
  apply,
  CREATED_BY,
  create,
  ENGINE,
  forgeries,
  keyOf,
  LONG,
  NAMESPACE,
  noDecisions,
  ODD,
  ownName,
  replace,
  runOf,
  TWO_LINES,
  waitsNot,
} from '../support/forgeries.ts';
import { installCrds } from '../support/gate.ts';

/** The API server hears of policies and roles a moment after they are stored. */
const patience = { timeout: 150_000 };

const chart = join(import.meta.dirname, '../../charts/orchestration-gate');
const RUNS = `/apis/orchestration.proompteng.ai/v1alpha1/namespaces/${NAMESPACE}/orchestrationruns`;
const MERGE = 'application/merge-patch+json';

/** Who may approve what. All of them may also change runs. */
const rights: Readonly<Record<string, readonly string[]>> = {
  alice: ['deploy'],
  bob: ['deploy.ask'],
  carol: [],
  dave: ['deploy.later', 'other', 'other.ask'],
  [ODD]: ['deploy'],
  [TWO_LINES]: ['deploy'],
  [LONG]: ['deploy'],
  [ENGINE]: [],
};

const steps = [
  { name: 'ask', kind: 'ApprovalGate', phase: 'Running' },
  { name: 'later', kind: 'ApprovalGate', phase: 'Pending' },
  { name: 'over', kind: 'ApprovalGate', phase: 'Succeeded' },
  { name: 'work', kind: 'ToolRun', phase: 'Running' },
  { name: 's'.repeat(61), kind: 'ApprovalGate', phase: 'Running' },
  { index: 5, phase: 'Running' },
];

type Json = Readonly<Record<string, unknown>>;

describeNeeding(['ownControlPlane'], 'the policy for approvals', () => {
  let plane: ControlPlane;
  let asAdmin: SendToApi;

  beforeAll(async () => {
    plane = await startOwnControlPlane({ users: Object.keys(rights) });
    asAdmin = connectApi(plane);
    await installCrds(plane, 'ours');
    await kubectl('admin', ['create', 'namespace', NAMESPACE]);
    const values = ['orchestrationController.enabled=true', 'approvals.clusterRole.create=true'];
    const template = ['template', 'gate', chart, '--namespace', NAMESPACE, '--show-only', 'templates/approvals.yaml'];
    const { stdout } = await plane.helm([...template, ...values.flatMap((value) => ['--set', value])]);
    const policy = await plane.kubectl(['apply', '-f', '-'], { input: stdout });
    expect(policy).toMatchObject({ code: 0, stderr: '' });
    await grantRights();
    await vi.waitFor(async () => {
      const { stderr } = await kubectl('alice', create, runOf('probe', { [keyOf('ask.1')]: 'x' }));
      expect(stderr).toContain(noDecisions);
    }, patience);
  });
  afterAll(() => plane?.stop());

  async function grantRights(): Promise<void> {
    const group = { apiGroups: ['orchestration.proompteng.ai'] };
    const editing = { ...group, resources: ['orchestrationruns'], verbs: ['*'] };
    const ofStatus = { ...group, resources: ['orchestrationruns/status'], verbs: ['patch'] };
    const items = Object.entries(rights).flatMap(([user, names], index) => {
      const approving = { ...group, resources: ['orchestrations/approval'], resourceNames: names, verbs: ['approve'] };
      const metadata = { name: `user-${index}`, namespace: NAMESPACE };
      const rules = [editing, ofStatus, ...(names.length > 0 ? [approving] : [])];
      const apiVersion = 'rbac.authorization.k8s.io/v1';
      return [
        { apiVersion, kind: 'Role', metadata, rules },
        {
          ...{ apiVersion, kind: 'RoleBinding', metadata },
          roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: metadata.name },
          subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
        },
      ];
    });
    const granted = await kubectl('admin', ['apply', '-f', '-'], { apiVersion: 'v1', kind: 'List', items });
    expect(granted).toMatchObject({ code: 0 });
  }

  function kubectl(user: string, command: readonly string[], input?: object) {
    const token = plane.tokens.get(user);
    const login = token === undefined ? [] : [`--token=${token}`];
    return plane.kubectl([...login, '--namespace', NAMESPACE, ...command], input && { input: JSON.stringify(input) });
  }

  const send = (user: string, ...request: Parameters<SendToApi>) =>
    connectApi(plane, plane.tokens.get(user))(...request);
  const annotateAs = (user: string, run: string, content: Annotations, path = '') =>
    send(user, 'PATCH', `${RUNS}/${run}${path}`, { metadata: { annotations: content } }, MERGE);

  let runs = 0;
  /** Creates a run of these steps as alice, who then approves `ask`. */
  async function start(stepStatuses: readonly object[] = steps): Promise<string> {
    const name = `run-${runs++}`;
    expect(await send('alice', 'POST', RUNS, runOf(name, { [CREATED_BY]: 'alice' }))).toMatchObject({ status: 201 });
    const status = { runId: name, phase: 'Running', stepStatuses };
    expect(await asAdmin('PATCH', `${RUNS}/${name}/status`, { status }, MERGE)).toMatchObject({ status: 200 });
    expect(await annotateAs('alice', name, { [keyOf('ask.1')]: 'approved by alice' })).toMatchObject({ status: 200 });
    return name;
  }

  /** Reads the names and annotations of all runs. */
  async function read(): Promise<readonly object[]> {
    const { items } = (await asAdmin('GET', RUNS)).body as { items: readonly { metadata: Json }[] };
    return items.map(({ metadata }) => ({ name: metadata['name'], annotations: metadata['annotations'] }));
  }

  it.each(forgeries.map(([what, ...forgery]) => [what, forgery] as const))(
    'denies a user who %s',
    async (_, forgery) => {
      const [user, command, told, input] = forgery;
      const run = await start();
      const before = await read();
      const { code, stderr } = await kubectl(user, about(run, command), input?.(run));
      expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(`denied request: ${told}`) });
      expect(await read()).toEqual(before);
    },
  );

  it('denies nothing to a write of the status, which changes no annotation', async () => {
    const run = await start();
    const before = await read();
    const forged = { [keyOf('ask.2')]: 'approved by bob', [keyOf('ask.1')]: 'denied by bob', [CREATED_BY]: 'bob' };
    expect(await annotateAs('carol', run, forged, '/status')).toMatchObject({ status: 200 });
    expect(await read()).toEqual(before);
  });

  it.each([
    ['who may decide the step alone', 'bob', 'denied by bob\ntoo early'],
    ['with a comment of 1,024 characters', 'alice', `denied by alice\n${'é'.repeat(1024)}`],
    ['who is an administrator', 'admin', 'approved by admin'],
    ['whose name has spaces, quotes, emoji and Hebrew', ODD, `approved by ${ODD}`],
  ])('allows a decision by a user %s', async (_, user, text) => {
    const run = await start();
    expect(await annotateAs(user, run, { [keyOf('ask.2')]: text })).toMatchObject({ status: 200 });
  });

  it('allows what the command line writes, which says in its own words what is denied', async () => {
    const run = await start();
    const approve = async (user: string) => {
      const { stdout } = await plane.kubectl(['config', 'view', '--raw', '--minify', '-o', 'json']);
      const config = JSON.parse(stdout) as { users: readonly { name: string }[] };
      const users = config.users.map(({ name }) => ({ name, user: { token: plane.tokens.get(user) } }));
      const KUBECONFIG = join(plane.folder, `${user}.kubeconfig`);
      await writeFile(KUBECONFIG, JSON.stringify({ ...config, users }));
      return startCommand('approve', [run, 'ask', '--comment', 'seen', '-n', NAMESPACE], { KUBECONFIG }).ended;
    };
    expect(await approve('bob')).toMatchObject({ code: 0, stderr: '' });
    const { body } = await asAdmin('GET', `${RUNS}/${run}`);
    expect(body).toMatchObject({ metadata: { annotations: { [keyOf('ask.2')]: 'approved by bob\nseen' } } });
    const { code, stderr } = await approve('carol');
    expect(code).toBe(2);
    expect(stderr).toContain(
      'approve: you may not approve step "ask": ask for the verb approve on orchestrations/approval (orchestration.proompteng.ai), resource name deploy or deploy.ask',
    );
    expect(stderr).toContain('denied request: user carol may not decide step "ask"');
  });

  it('takes a user who impersonates another for that other', async () => {
    const run = await start();
    const as = (user: string, text: string) => kubectl('admin', [`--as=${user}`, ...about(run, annotate(text))]);
    expect((await as('bob', 'approved by admin')).stderr).toContain(ownName('bob'));
    expect(await as('bob', 'approved by bob')).toMatchObject({ code: 0 });
  });

  it('allows whoever has the ClusterRole of the chart to decide', async () => {
    const binding = ['create', 'rolebinding', 'frank', '--clusterrole=agents-gate-approver', '--user=frank'];
    expect(await kubectl('admin', binding)).toMatchObject({ code: 0 });
    const run = await start();
    const decide = ['--as=frank', 'annotate', `orchestrationrun/${run}`, `${keyOf('ask.2')}=approved by frank`];
    await vi.waitFor(async () => expect(await kubectl('admin', decide)).toMatchObject({ code: 0 }), patience);
    const asked = ['auth', 'can-i', 'approve', 'orchestrations/deploy.ask', '--subresource=approval', '--as=frank'];
    expect(await kubectl('admin', asked)).toMatchObject({ stdout: 'yes\n' });
  });

  it('allows every other change of a run with decisions, its deletion too', async () => {
    const run = await start();
    const name = `orchestrationrun/${run}`;
    const copy = JSON.parse((await kubectl('carol', ['get', name, '-o', 'json'])).stdout);
    const { resourceVersion: _, managedFields: __, ...metadata } = copy.metadata;
    const manifest = runOf(run);
    const commands: readonly (readonly [readonly string[], object?])[] = [
      [['annotate', name, 'orchestration.proompteng.ai/cancel=true', 'a=b']],
      [['annotate', name, 'a=c', '--overwrite']],
      [['label', name, 'team=shop']],
      [[...apply, '--field-manager=argocd-controller'], manifest],
      [['apply', '-f', '-'], manifest],
      [replace, { ...copy, metadata }],
      [patchOf(name, { metadata: { finalizers: ['example.com/hold'] } })],
      [['delete', name, '--wait=false']],
      [patchOf(name, { metadata: { finalizers: null } })],
    ];
    for (const [command, input] of commands)
      expect(await kubectl('carol', command, input), command.join(' ')).toMatchObject({ code: 0 });
    expect(await kubectl('carol', ['get', name])).toMatchObject({ code: 1 });
  });

  it('has room for a decision about the last of a thousand steps', async () => {
    const step = { kind: 'ApprovalGate', phase: 'Running', message: 'waits for an approval' };
    const run = await start([
      ...Array.from({ length: 999 }, (_, index) => ({ ...step, name: `s-${index}` })),
      { ...step, name: 'ask' },
    ]);
    expect(await annotateAs('bob', run, { [keyOf('ask.2')]: 'approved by bob' })).toMatchObject({ status: 200 });
    expect(await annotateAs('bob', run, { [keyOf('absent.1')]: 'approved by bob' })).toMatchObject({
      body: { message: expect.stringContaining(waitsNot('absent')) },
    });
  });
});

function about(run: string, command: readonly string[]): readonly string[] {
  return command.map((word) => (word === 'RUN' ? `orchestrationrun/${run}` : word));
}

function patchOf(name: string, content: object): readonly string[] {
  return ['patch', name, '--type=merge', '-p', JSON.stringify(content)];
}
