import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { issueCertificateAuthority } from '../../src/tls/issue.ts';
import { connectApi, type SendToApi } from '../support/api.ts';
import type { ControlPlane } from '../support/controlplane/controlplane.ts';
import { describeNeeding, startOwnControlPlane } from '../support/controlplane/suite.ts';
import { installCrds } from '../support/gate.ts';
import { connectKube } from '../support/kube.ts';

/** The API server hears of policies and roles a moment after they are stored. */
const patience = { timeout: 60_000 };

const chart = join(import.meta.dirname, '../../charts/orchestration-gate');
/** The release's own namespace, one more that it follows, and one that it has nothing to do with. */
const OWN = 'agents';
const FOLLOWED = 'followed';
const STRANGER = 'stranger';
const ACCOUNT = 'gate-orchestration-gate';
const RBAC = 'rbac.authorization.k8s.io';
const everything = ['orchestrationController.enabled=true', 'toolRunController.enabled=true'];
const inBoth = `orchestrationController.namespaces={${OWN},${FOLLOWED}}`;

// The rights that the sidecar needs, by where it needs them. A name after a colon restricts a right to that object.
const follow = ['get', 'list', 'watch'];
const ofTheAudit = { 'orchestrations.orchestration.proompteng.ai': follow, 'events.': ['create'] };
const ofRuns = {
  'orchestrations.orchestration.proompteng.ai': follow,
  'orchestrations.orchestration.proompteng.ai/status': ['patch'],
  'orchestrationruns.orchestration.proompteng.ai': [...follow, 'create', 'patch', 'delete'],
  'orchestrationruns.orchestration.proompteng.ai/status': ['patch'],
  'orchestrationruns.orchestration.proompteng.ai/finalizers': ['update'],
  'agentruns.agents.proompteng.ai': [...follow, 'create', 'patch', 'delete'],
  'toolruns.tools.proompteng.ai': [...follow, 'create', 'delete'],
  'approvalpolicies.approvals.proompteng.ai': follow,
  'signaldeliveries.signals.proompteng.ai': follow,
  'controllerrevisions.apps': ['get', 'create'],
  'leases.coordination.k8s.io': ['list', 'create', 'delete'],
  'events.': ['create'],
};
const ofToolRuns = {
  'tools.tools.proompteng.ai': follow,
  'toolruns.tools.proompteng.ai': [...follow, 'create', 'patch', 'delete'],
  'toolruns.tools.proompteng.ai/status': ['patch'],
  'toolruns.tools.proompteng.ai/finalizers': ['update'],
  'jobs.batch': [...follow, 'create', 'patch'],
  'configmaps.': ['get', 'create'],
  'pods.': ['list'],
  'events.': ['create', 'list'],
};
const ofLeases = { 'leases.coordination.k8s.io': ['get', 'list', 'create', 'patch', 'delete'] };
const ofItsAuthority = {
  'secrets.:gate-orchestration-gate-ca': [...follow, 'patch'],
  'endpointslices.discovery.k8s.io': ['list'],
};
const ofItsWebhooks = {
  'mutatingwebhookconfigurations.admissionregistration.k8s.io:agents-gate-defaulting': [...follow, 'patch'],
  'validatingwebhookconfigurations.admissionregistration.k8s.io:agents-gate-orchestrations': [...follow, 'patch'],
  'validatingwebhookconfigurations.admissionregistration.k8s.io:agents-gate-orchestrationruns': [...follow, 'patch'],
};
/** In addition, if the release executes runs, the webhook that writes into new runs. */
const ofAllItsWebhooks = {
  ...ofItsWebhooks,
  'mutatingwebhookconfigurations.admissionregistration.k8s.io:agents-gate-stamping': [...follow, 'patch'],
};

/** Verbs by resource. */
type Rights = Readonly<Record<string, readonly string[]>>;

interface Case {
  readonly title: string;
  readonly values: readonly string[];
  /** Whether every verb is tried too, which takes seconds; the rules are compared in each case. */
  readonly isWalked?: boolean;
  /** Rights in the release's namespace, in the followed one, and elsewhere. Each includes the cluster-wide rights. */
  readonly own: Rights;
  readonly followed: Rights;
  readonly stranger: Rights;
}

const cases: readonly Case[] = [
  {
    title: 'with the values as they are, when it keeps certificates and audits its own namespace',
    values: [],
    own: { ...ofItsWebhooks, ...ofItsAuthority, ...ofLeases, ...ofTheAudit },
    followed: ofItsWebhooks,
    stranger: ofItsWebhooks,
  },
  {
    title: 'without the audit, when it only keeps certificates',
    values: ['audit.enabled=false'],
    own: { ...ofItsWebhooks, ...ofItsAuthority },
    followed: ofItsWebhooks,
    stranger: ofItsWebhooks,
  },
  {
    title: 'auditing the whole cluster',
    values: ['controller.namespaces={*}'],
    own: { ...ofItsWebhooks, ...ofItsAuthority, ...ofLeases, ...ofTheAudit },
    followed: { ...ofItsWebhooks, ...ofTheAudit },
    stranger: { ...ofItsWebhooks, ...ofTheAudit },
  },
  {
    title: 'executing runs of two namespaces',
    values: ['orchestrationController.enabled=true', inBoth],
    own: { ...ofAllItsWebhooks, ...ofItsAuthority, ...ofRuns, ...ofLeases },
    followed: { ...ofAllItsWebhooks, ...ofRuns },
    stranger: ofAllItsWebhooks,
  },
  {
    title: 'executing ToolRuns too',
    values: [...everything, inBoth],
    isWalked: true,
    own: { ...ofAllItsWebhooks, ...ofItsAuthority, ...ofRuns, ...ofLeases, ...ofToolRuns },
    followed: { ...ofAllItsWebhooks, ...ofRuns, ...ofToolRuns },
    stranger: ofAllItsWebhooks,
  },
  {
    title: 'executing runs of the whole cluster',
    values: [...everything, 'rbac.clusterScoped=true', 'orchestrationController.namespaces={*}'],
    isWalked: true,
    own: { ...ofAllItsWebhooks, ...ofItsAuthority, ...ofRuns, ...ofLeases, ...ofToolRuns },
    followed: { ...ofAllItsWebhooks, ...ofRuns, ...ofToolRuns },
    stranger: { ...ofAllItsWebhooks, ...ofRuns, ...ofToolRuns },
  },
  {
    title: 'with a certificate that is provided, and no mutating webhook',
    values: ['certificates.mode=provided', 'certificates.provided.secretName=given', 'defaulting.mode=Never'],
    own: { ...validating(), 'secrets.:given': follow, ...ofLeases, ...ofTheAudit },
    followed: validating(),
    stranger: validating(),
  },
  {
    title: 'beside cert-manager',
    values: ['certificates.mode=certManager', 'certificates.certManager.issuerRef.name=x', ...everything],
    own: { ...ofRuns, ...ofLeases, ...ofToolRuns },
    followed: {},
    stranger: {},
  },
];

function validating(): Rights {
  return Object.fromEntries(Object.entries(ofItsWebhooks).filter(([name]) => name.startsWith('validating')));
}

describeNeeding(['ownControlPlane'], 'the sidecar’s account', () => {
  let plane: ControlPlane;

  beforeAll(async () => {
    plane = await startOwnControlPlane();
    await installCrds(plane, 'agents');
    for (const namespace of [OWN, FOLLOWED, STRANGER]) await kubectl('create', 'namespace', namespace);
  });
  afterAll(() => plane?.stop());

  const kubectl = async (...toolArguments: string[]) => succeeded(await plane.kubectl(toolArguments));
  const applyChart = async (values: readonly string[]) => {
    const flags = values.flatMap((value) => ['--set', value]);
    const ours = ['template', 'gate', chart, '--namespace', OWN, '--show-only', 'templates/rbac.yaml'];
    const account = ['--show-only', 'templates/serviceaccount.yaml'];
    const manifest = succeeded(await plane.helm([...ours, ...account, ...flags]));
    succeeded(await plane.kubectl(['apply', '-f', '-'], { input: manifest }));
    return async () => void succeeded(await plane.kubectl(['delete', '--wait', '-f', '-'], { input: manifest }));
  };
  const connectAs = async (name: string): Promise<SendToApi> => {
    const token = (await kubectl('create', 'token', name, '--namespace', OWN)).trim();
    return connectApi({ ...plane, adminToken: token });
  };

  describe.each(cases)('$title', ({ values, isWalked = false, ...expected }) => {
    let send: SendToApi;
    let remove = async () => {};
    beforeAll(async () => {
      remove = await applyChart(values);
      send = await connectAs(ACCOUNT);
      await vi.waitFor(
        async () => expect(await readRules(send, OWN)).toEqual(joinVerbs(Object.entries(expected.own))),
        patience,
      );
    });
    afterAll(() => remove());

    it('has these rights, and no other, by name or not', async () => {
      const granted = { own: OWN, followed: FOLLOWED, stranger: STRANGER };
      for (const [where, namespace] of Object.entries(granted)) {
        const rights = expected[where as keyof typeof granted];
        expect(await readRules(send, namespace), namespace).toEqual(joinVerbs(Object.entries(rights)));
      }
    });

    if (!isWalked) return;
    it('is allowed exactly that, verb by verb, of every resource there is', async () => {
      const served = await listServed(connectApi(plane));
      for (const [namespace, rights] of [
        [OWN, expected.own],
        [STRANGER, expected.stranger],
      ] as const) {
        const wanted = Object.entries(rights)
          .filter(([resource]) => !resource.includes(':'))
          .flatMap(([resource, verbs]) => verbs.map((verb) => `${verb} ${resource}`));
        const allowed = await walk(send, namespace, new Set([...served, ...wanted]));
        expect(allowed.filter(isAboutOthers)).toEqual(wanted.toSorted());
      }
    });
  });
});

/** Verbs, in addition to those that read and write, that can give an account more rights. No API server lists them. */
const MAKING_RIGHTS = [
  ...['bind', 'escalate'].flatMap((verb) => [`${verb} roles.${RBAC}`, `${verb} clusterroles.${RBAC}`]),
  ...['users.', 'groups.', 'serviceaccounts.'].map((resource) => `impersonate ${resource}`),
];

/** Each verb of each resource and subresource that is served, as `verb plural.group` or `verb plural.group/subresource`. */
async function listServed(send: SendToApi): Promise<readonly string[]> {
  const read = async (path: string) => (await send('GET', path)).body as Discovery;
  const { groups } = await read('/apis');
  const versions = groups.flatMap((group) => group.versions.map(({ groupVersion }) => `/apis/${groupVersion}`));
  const found = [...MAKING_RIGHTS];
  for (const path of ['/api/v1', ...versions]) {
    const { groupVersion, resources } = await read(path);
    const group = groupVersion.includes('/') ? groupVersion.split('/')[0] : '';
    for (const { name, verbs } of resources) {
      const [plural, ...rest] = name.split('/');
      found.push(...verbs.map((verb) => `${verb} ${[`${plural}.${group}`, ...rest].join('/')}`));
    }
  }
  return found;
}

interface Discovery {
  readonly groupVersion: string;
  readonly resources: readonly { readonly name: string; readonly verbs: readonly string[] }[];
  readonly groups: readonly { readonly versions: readonly { readonly groupVersion: string }[] }[];
}

/** Which of these an account may do to any object of the resource, sorted. */
async function walk(send: SendToApi, namespace: string, rights: ReadonlySet<string>): Promise<string[]> {
  const allowed: string[] = [];
  const queue = [...rights];
  const work = async () => {
    for (let right = queue.pop(); right !== undefined; right = queue.pop())
      if (await isAllowed(send, namespace, right)) allowed.push(right);
  };
  await Promise.all(Array.from({ length: 8 }, work));
  return allowed.sort();
}

async function isAllowed(send: SendToApi, namespace: string, right: string): Promise<boolean> {
  const [verb, name = ''] = right.split(' ');
  const [full = '', subresource] = name.split('/');
  const [resource, ...group] = full.split('.');
  const resourceAttributes = { verb, group: group.join('.'), resource, subresource, namespace };
  const { body } = await send('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    spec: { resourceAttributes },
  });
  return (body as { status: { allowed: boolean } }).status.allowed;
}

/** Leaves out what everybody may do, which is to ask about themselves. */
function isAboutOthers(right: string): boolean {
  return !right.startsWith('create selfsubject');
}

/** All rules that hold for an account in a namespace, without those that everybody has. */
async function readRules(send: SendToApi, namespace: string): Promise<Rights> {
  const { body } = await send('POST', '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews', {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectRulesReview',
    spec: { namespace },
  });
  const { resourceRules } = (body as { status: { resourceRules: readonly Rule[] } }).status;
  const rights = resourceRules.flatMap(({ apiGroups: [group = ''], resources, resourceNames, verbs }) =>
    resources.flatMap((resource) => nameAll(group, resource, resourceNames).map((name) => [name, verbs] as const)),
  );
  const others = rights.filter(([name]) => !name.startsWith('selfsubject'));
  return joinVerbs(others);
}

/** All verbs of each resource, sorted: several rules may be about one. */
function joinVerbs(rights: readonly (readonly [string, readonly string[]])[]): Rights {
  const byName = Map.groupBy(rights, ([name]) => name);
  return Object.fromEntries(
    [...byName].map(([name, rules]) => [name, [...new Set(rules.flatMap(([, verbs]) => verbs))].toSorted()]),
  );
}

/** One name for each object that a rule names; our rules have one group each. */
function nameAll(group: string, resource: string, names: readonly string[] | undefined): readonly string[] {
  const [plural, ...rest] = resource.split('/');
  const full = [`${plural}.${group}`, ...rest].join('/');
  return names === undefined ? [full] : names.map((name) => `${full}:${name}`);
}

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

// The tests of this suite use one release.
describeNeeding(['ownControlPlane'], 'the ValidatingAdmissionPolicy', () => {
  const configuration = 'validatingwebhookconfiguration/agents-gate-orchestrations';
  let plane: ControlPlane;
  let kubeconfig: string;

  beforeAll(async () => {
    plane = await startOwnControlPlane();
    succeeded(await plane.kubectl(['create', 'namespace', OWN]));
    succeeded(await plane.helm(['install', 'gate', chart, '--namespace', OWN]));
    kubeconfig = await plane.serviceAccountKubeconfig(OWN, ACCOUNT);
    // A policy takes effect a moment after it is stored.
    await vi.waitFor(async () => expect((await patch(widenings['its rules'] ?? [])).code).toBe(1), patience);
  });
  afterAll(() => plane?.stop());

  const patch = (operations: readonly object[], as: string | undefined = kubeconfig) =>
    plane.kubectl(
      ['patch', configuration, '--dry-run=server', '--type=json', '--patch', JSON.stringify(operations)],
      as === undefined ? {} : { kubeconfig: as },
    );
  const set = (path: string, value: unknown) => [{ op: 'add', path, value }];

  const widenings: Readonly<Record<string, readonly object[]>> = {
    'its rules': set('/webhooks/0/rules/0/resources/0', 'secrets'),
    'its namespaces': set('/webhooks/0/namespaceSelector', {}),
    'its objects': set('/webhooks/0/objectSelector', { matchLabels: { a: 'b' } }),
    'its conditions': [{ op: 'remove', path: '/webhooks/0/matchConditions' }],
    'its policy on failure': set('/webhooks/0/failurePolicy', 'Ignore'),
    'its match policy': set('/webhooks/0/matchPolicy', 'Exact'),
    'its side effects': set('/webhooks/0/sideEffects', 'NoneOnDryRun'),
    'its timeout': set('/webhooks/0/timeoutSeconds', 30),
    'its versions': set('/webhooks/0/admissionReviewVersions', ['v1', 'v1beta1']),
    'its port': set('/webhooks/0/clientConfig/service/port', 8443),
    'where it is': [
      { op: 'remove', path: '/webhooks/0/clientConfig/service' },
      { op: 'add', path: '/webhooks/0/clientConfig/url', value: 'https://elsewhere.example' },
    ],
    'its name': set('/webhooks/0/name', 'other.orchestration.proompteng.ai'),
    'the number of webhooks': [
      { op: 'copy', from: '/webhooks/0', path: '/webhooks/-' },
      ...set('/webhooks/1/name', 'a.b.c'),
    ],
    'its absence': [{ op: 'remove', path: '/webhooks/0' }],
    'its labels': set('/metadata/labels/a', 'b'),
    'its annotations': set('/metadata/annotations/a', 'b'),
    'its owner': set('/metadata/ownerReferences', [{ apiVersion: 'v1', kind: 'Namespace', name: 'x', uid: 'x' }]),
    'its finalizers': set('/metadata/finalizers', ['a.b/c']),
  };

  it.each(Object.entries(widenings))('keeps the sidecar’s account from changing %s', async (_what, operations) => {
    expect((await patch(operations, plane.kubeconfig)).code).toBe(0); // it is a change that can be made
    expect(await patch(operations)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('this account may change clientConfig.caBundle only'),
    });
  });

  it('allows it to publish the authority by an apply under its own field manager', async () => {
    const { certificatePem } = await issueCertificateAuthority({
      commonName: 'x',
      lifetimeMs: 60_000,
      now: new Date(),
    });
    const caBundle = Buffer.from(certificatePem).toString('base64');
    const client = connectKube(kubeconfig);
    const kind = 'ValidatingWebhookConfiguration';
    const name = 'agents-gate-orchestrations';
    const webhooks = [{ name: 'validate.orchestrations.orchestration.proompteng.ai', clientConfig: { caBundle } }];
    const body = { apiVersion: 'admissionregistration.k8s.io/v1', kind, metadata: { name }, webhooks };
    const resource = {
      ...{ group: 'admissionregistration.k8s.io', version: 'v1', kind, namespaced: false },
      plural: 'validatingwebhookconfigurations',
    };
    const fieldManager = 'orchestration-gate-ca';
    const stored = await client.patch(resource, { name }, { type: 'apply', body }, { fieldManager, force: true });
    await client.close();
    expect(stored).toMatchObject({ webhooks: [{ clientConfig: { caBundle } }] });
  });

  it('holds even if that account is an administrator', async () => {
    const binding = ['create', 'clusterrolebinding', 'too-much', '--clusterrole=cluster-admin'];
    succeeded(await plane.kubectl([...binding, `--serviceaccount=${OWN}:${ACCOUNT}`]));
    const mayNeither = {
      code: 1,
      stderr: expect.stringContaining('may neither make nor delete webhook configurations'),
    };
    const copy = JSON.parse(succeeded(await plane.kubectl(['get', configuration, '-o', 'json'])));
    const input = JSON.stringify({ ...copy, metadata: { name: 'another' } });
    await vi.waitFor(
      async () => expect(await plane.kubectl(['create', '-f', '-'], { kubeconfig, input })).toMatchObject(mayNeither),
      patience,
    );
    expect(await plane.kubectl(['delete', configuration], { kubeconfig })).toMatchObject(mayNeither);
  });
});

function succeeded({ code, stdout, stderr }: Awaited<ReturnType<ControlPlane['helm']>>): string {
  if (code !== 0) throw new Error(stderr);
  return stdout;
}
