import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { buildConfigMap, buildJob } from '../../src/toolrun/job.ts';
import { connectApi, type SendToApi } from '../support/api.ts';
import type { ControlPlane } from '../support/controlplane/controlplane.ts';
import { describeNeeding, startOwnControlPlane } from '../support/controlplane/suite.ts';
import { installCrds } from '../support/gate.ts';

/** The API server hears of policies and roles a moment after they are stored. */
const patience = { timeout: 60_000 };

const chart = join(import.meta.dirname, '../../charts/orchestration-gate');
const NAMESPACE = 'agents';
const ACCOUNT = 'gate-orchestration-gate';
const nameChild = ({ name }: { readonly name: string }, part = '') => `${name}-${part}`;
const own = { namespace: NAMESPACE, uid: '5f6d9f6a-0f5b-4f34-9d2e-6a6b1c1f0a11' };
const toolRun = { apiVersion: 'tools.proompteng.ai/v1alpha1', kind: 'ToolRun', metadata: { name: 'scan', ...own } };
/** A Tool with everything that a Tool may say. */
const tool = {
  apiVersion: 'tools.proompteng.ai/v1alpha1',
  kind: 'Tool',
  metadata: { name: 'scan', ...own },
  spec: {
    image: 'alpine:3.20',
    command: ['sh', '-c'],
    args: ['true', ...Array.from({ length: 1_000 }, (_, i) => `argument ${i}`)],
    env: Array.from({ length: 1_000 }, (_, i) => ({ name: `A${i}`, value: 'b' })),
    serviceAccount: 'tools',
    workingDir: '/work',
    timeoutSeconds: 60,
  },
};
const restricted = {
  securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
  containerSecurityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
};

const JOBS = `/apis/batch/v1/namespaces/${NAMESPACE}/jobs`;
const CONFIG_MAPS = `/api/v1/namespaces/${NAMESPACE}/configmaps`;
const MERGE = 'application/merge-patch+json';

type Json = Record<string, unknown>;

const configMap = buildConfigMap(toolRun, tool, nameChild) as Json | undefined;

/** A change of the Job, by the path of a field within it. */
type Change = Readonly<Record<string, unknown>>;

/** The Job that is built, with a change. */
function jobWith(change: Change = {}, confined: object = {}): Json {
  const job = buildJob(toolRun, tool, { job: 'scan-job', configMap: 'scan-spec' }, confined);
  return changed(job as Json | undefined, change);
}

function changed(object: Json | undefined, change: Change): Json {
  const copy = JSON.parse(JSON.stringify(object)) as Json;
  for (const [path, value] of Object.entries(change)) {
    const whole = path.replace('POD', 'spec.template.spec').replace('CONTAINER', 'spec.template.spec.containers.0');
    const [last = '', ...parents] = whole.split('.').reverse();
    const parent = parents.reduceRight((at, key) => {
      at[key] ??= {};
      return at[key] as Json;
    }, copy);
    parent[last] = value;
  }
  return copy;
}

const widenings: Readonly<Record<string, Change>> = {
  'a privileged container': { 'CONTAINER.securityContext': { privileged: true } },
  'more capabilities': { 'CONTAINER.securityContext': { capabilities: { add: ['SYS_ADMIN'] } } },
  'an unmasked /proc': { 'CONTAINER.securityContext': { procMount: 'Unmasked' }, 'POD.hostUsers': false },
  'no seccomp profile': { 'CONTAINER.securityContext': { seccompProfile: { type: 'Unconfined' } } },
  'no seccomp profile in the pod': { 'POD.securityContext': { seccompProfile: { type: 'Unconfined' } } },
  'kernel parameters': { 'POD.securityContext': { sysctls: [{ name: 'kernel.msgmax', value: '1' }] } },
  'an SELinux type': { 'POD.securityContext': { seLinuxOptions: { type: 'spc_t' } } },
  'an AppArmor profile, as an annotation': {
    'spec.template.metadata.annotations': {
      'container.apparmor.security.beta.kubernetes.io/tool-runner': 'unconfined',
    },
  },
  'an AppArmor profile': { 'CONTAINER.securityContext': { appArmorProfile: { type: 'Unconfined' } } },
  'the network of the node': { 'POD.hostNetwork': true },
  'the processes of the node': { 'POD.hostPID': true },
  'the IPC of the node': { 'POD.hostIPC': true },
  'a port of the node': { 'CONTAINER.ports': [{ containerPort: 80, hostPort: 80 }] },
  'a node without being scheduled': { 'POD.nodeName': 'control-plane' },
  'a priority class': { 'POD.priorityClassName': 'system-node-critical' },
  'an init container': { 'POD.initContainers': [{ name: 'init', image: 'alpine' }] },
  'a second container that is privileged': {
    'POD.containers': [
      { name: 'tool-runner', image: 'alpine' },
      { name: 'other', image: 'alpine', securityContext: { privileged: true } },
    ],
  },
  'a folder of the node': { 'POD.volumes.1': { name: 'more', hostPath: { path: '/' } } },
  'a Secret': { 'POD.volumes.1': { name: 'more', secret: { secretName: 'gate-orchestration-gate-ca' } } },
  'a token': {
    'POD.volumes.1': { name: 'more', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } },
  },
  'a claim': { 'POD.volumes.1': { name: 'more', persistentVolumeClaim: { claimName: 'data' } } },
  'an inline driver': { 'POD.volumes.1': { name: 'more', csi: { driver: 'secrets-store.csi.k8s.io' } } },
  'a Secret in a variable': {
    'CONTAINER.env': [{ name: 'KEY', valueFrom: { secretKeyRef: { name: 'a', key: 'b' } } }],
  },
  'a Secret in all variables': { 'CONTAINER.envFrom': [{ secretRef: { name: 'a' } }] },
  'a hook': { 'CONTAINER.lifecycle': { postStart: { exec: { command: ['true'] } } } },
  'the sidecar’s own account': { 'POD.serviceAccountName': ACCOUNT },
  'the sidecar’s own account, by its older name': {
    'POD.serviceAccountName': undefined,
    'POD.serviceAccount': ACCOUNT,
  },
  'a token that the account does not mount': { 'POD.automountServiceAccountToken': true },
  'the pods of others': {
    'spec.manualSelector': true,
    'spec.selector': { matchLabels: { a: 'b' } },
    'spec.template.metadata.labels': { a: 'b' },
  },
  'no owner': { 'metadata.ownerReferences': [] },
  'another owner': {
    'metadata.ownerReferences': [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'x', uid: own.uid, controller: true }],
  },
};

const harmless: Readonly<Record<string, Change>> = {
  nothing: {},
  'as many variables as the API server stores': {
    'CONTAINER.env': Array.from({ length: 40_000 }, (_, i) => ({ name: `A${i}`, value: 'b' })),
  },
  'what platforms add to Jobs': {
    'spec.suspend': true,
    'metadata.labels.kueue': 'x',
    'POD.tolerations': [{ key: 'a', operator: 'Exists' }],
    'POD.nodeSelector': { a: 'b' },
    'POD.imagePullSecrets': [{ name: 'registry' }],
    'POD.automountServiceAccountToken': false,
  },
  'a stricter security context': {
    'POD.securityContext': restricted.securityContext,
    'CONTAINER.securityContext': {
      ...restricted.containerSecurityContext,
      privileged: false,
      readOnlyRootFilesystem: true,
    },
  },
};

describeNeeding(['ownControlPlane'], 'the policy for Jobs', () => {
  let plane: ControlPlane;
  let asAdmin: SendToApi;
  let asSidecar: SendToApi;

  beforeAll(async () => {
    plane = await startOwnControlPlane();
    await installCrds(plane, 'agents');
    succeeded(await plane.kubectl(['create', 'namespace', NAMESPACE]));
    await upgrade();
    asAdmin = connectApi(plane.address);
    const token = succeeded(await plane.kubectl(['create', 'token', ACCOUNT, '--namespace', NAMESPACE]));
    asSidecar = connectApi(plane.address, token.trim());
    // A policy takes effect a moment after it is stored.
    const privileged = jobWith(widenings['a privileged container']);
    await vi.waitFor(async () => expect(await create(privileged)).toEqual(denied), patience);
  });
  afterAll(() => plane?.stop());

  const upgrade = async (tools: object = {}) => {
    const values = JSON.stringify({ enabled: true, ...tools });
    const enabled = ['--set', 'orchestrationController.enabled=true', '--set-json', `toolRunController=${values}`];
    succeeded(await plane.helm(['upgrade', '--install', 'gate', chart, '--namespace', NAMESPACE, ...enabled]));
  };
  /** Why the API server rejects a request, as a dry run; '' if it accepts the request. */
  const tryOut = async (send: SendToApi, ...[method, path, body, contentType]: Parameters<SendToApi>) => {
    const { status, body: answer } = await send(method, `${path}?dryRun=All&fieldValidation=Strict`, body, contentType);
    return status < 300 ? '' : (answer as { message: string }).message;
  };
  const create = (object: Json, send = asSidecar) =>
    tryOut(send, 'POST', object['kind'] === 'Job' ? JOBS : CONFIG_MAPS, object);
  const patch = (change: object) => tryOut(asSidecar, 'PATCH', `${JOBS}/stored`, change, MERGE);
  const denied = expect.stringMatching(/agents-gate-tool-jobs.* denied request: this account may/);

  it.each(Object.entries(harmless))('allows a Job as it is built, with %s added', async (_what, change) => {
    expect(await create(jobWith(change))).toBe('');
  });

  it.each(Object.entries(widenings))('denies the sidecar’s account a Job with %s', async (_what, change) => {
    expect(await create(jobWith(change), asAdmin)).toBe(''); // it is a Job that others can make
    expect(await create(jobWith(change))).toEqual(denied);
  });

  it('allows the ConfigMap of a ToolRun, and denies any other, such as one that breaks the glass', async () => {
    expect(await create(changed(configMap, {}))).toBe('');
    const others = [
      { 'metadata.name': 'gate-orchestration-gate-override', data: { mode: 'off' } },
      { 'data.mode': 'off' },
      { immutable: false },
      { binaryData: { mode: 'b2Zm' } },
      { 'metadata.ownerReferences': [] },
    ];
    for (const change of others)
      expect(await create(changed(configMap, change)), JSON.stringify(change)).toEqual(denied);
  });

  it('allows the sidecar’s account to set a Job’s time to live, and nothing else', async () => {
    expect(await asAdmin('POST', JOBS, jobWith({ 'metadata.name': 'stored' }))).toMatchObject({ status: 201 });
    expect(await patch({ spec: { ttlSecondsAfterFinished: 5 } })).toBe('');
    const others = [
      { spec: { suspend: true } },
      { spec: { parallelism: 7 } },
      { spec: { activeDeadlineSeconds: null } },
      { metadata: { labels: { a: 'b' } } },
      { metadata: { ownerReferences: null } },
    ];
    for (const value of others) expect(await patch(value), JSON.stringify(value)).toEqual(denied);
  });

  it('allows only the sidecar’s account to change the annotation of a ToolRun, and that account nothing else', async () => {
    const state = 'toolrun.orchestration.proompteng.ai/state';
    const stored = {
      ...toolRun,
      metadata: { name: 'scan', annotations: { [state]: 'new' } },
      spec: { toolRef: { name: 'scan' } },
    };
    const toolRunsOf = (namespace: string) => `/apis/tools.proompteng.ai/v1alpha1/namespaces/${namespace}/toolruns`;
    const patchIn = (namespace: string, change: object, send: SendToApi) =>
      tryOut(send, 'PATCH', `${toolRunsOf(namespace)}/scan`, change, MERGE);
    const annotate = (text: string | null) => ({ metadata: { annotations: { [state]: text } } });
    succeeded(await plane.kubectl(['create', 'namespace', 'elsewhere']));
    for (const namespace of [NAMESPACE, 'elsewhere'])
      expect(await asAdmin('POST', toolRunsOf(namespace), stored)).toMatchObject({ status: 201 });
    for (const text of ['forged', null])
      expect(await patchIn(NAMESPACE, annotate(text), asAdmin)).toContain(
        'only the executor of ToolRuns may change the annotation',
      );
    const labelled = { metadata: { labels: { a: 'b' }, annotations: { a: 'b' } } };
    expect(await patchIn(NAMESPACE, labelled, asAdmin)).toBe('');
    expect(await patchIn('elsewhere', annotate('another release'), asAdmin)).toBe('');
    expect(await patchIn(NAMESPACE, annotate('written'), asSidecar)).toBe('');
    const others = [labelled, { metadata: { annotations: { a: 'b' } } }, { spec: { toolRef: { name: 'other' } } }];
    for (const change of others)
      expect(await patchIn(NAMESPACE, change, asSidecar), JSON.stringify(change)).toContain(
        'this account may change one annotation of a ToolRun only',
      );
  });

  it('follows the values: accounts that are allowed, and how Tools are confined', async () => {
    await upgrade({ allowedServiceAccounts: ['tools'], ...restricted });
    await vi.waitFor(async () => expect(await create(jobWith())).toEqual(denied), patience);
    expect(await create(jobWith({}, restricted))).toBe('');
    // A ConfigMap has no pod to confine, and the policy judges the confinement of a Job only when the Job is created.
    expect(await create(changed(configMap, {}))).toBe('');
    expect(await patch({ spec: { ttlSecondsAfterFinished: 5 } })).toBe('');
    const worse: readonly Change[] = [
      { 'POD.serviceAccountName': 'other' },
      { 'POD.serviceAccountName': undefined },
      { 'POD.securityContext.runAsUser': 0 },
      { 'POD.securityContext.runAsNonRoot': undefined },
      { 'CONTAINER.securityContext.allowPrivilegeEscalation': true },
      { 'CONTAINER.securityContext.capabilities': { drop: ['ALL'], add: ['NET_RAW'] } },
      { 'CONTAINER.securityContext': undefined },
    ];
    for (const change of worse)
      expect(await create(jobWith(change, restricted)), JSON.stringify(change)).toEqual(denied);
  });
});

function succeeded({ code, stdout, stderr }: Awaited<ReturnType<ControlPlane['helm']>>): string {
  if (code !== 0) throw new Error(stderr);
  return stdout;
}
