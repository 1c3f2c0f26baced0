import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, inject } from 'vitest';
import { type Cluster, connectCluster } from '../support/controlplane/cluster.ts';
import { installCrds } from '../support/gate.ts';
import { waitUntil } from '../support/namespaced-api.ts';
import { UPSTREAM_CRDS } from '../support/upstream.ts';

const root = join(import.meta.dirname, '../..');
const CHART = join(root, 'charts/orchestration-gate');
/** What the chart calls its objects when the release has the chart's name. */
const NAME = 'orchestration-gate';
const VERDICT_SECONDS = 120;
const POD_SECONDS = 180;
/** Selects the objects of a release. */
export const OURS = 'app.kubernetes.io/name=orchestration-gate';

/**
 * Values for one pod, replaced quickly, that executes runs and ToolRuns. They let Tools run in a namespace under
 * restricted Pod Security, as docs/how-to/restricted-tools.md says.
 */
export const executing = [
  'gate.drainSeconds=3',
  'minReadySeconds=1',
  'replicaCount=1',
  'orchestrationController.enabled=true',
  'toolRunController.enabled=true',
  'toolRunController.securityContext.runAsNonRoot=true',
  'toolRunController.securityContext.runAsUser=1000',
  'toolRunController.securityContext.seccompProfile.type=RuntimeDefault',
  'toolRunController.containerSecurityContext.allowPrivilegeEscalation=false',
  'toolRunController.containerSecurityContext.capabilities.drop={ALL}',
];

type Result = Awaited<ReturnType<Cluster['kubectl']>>;

/** A folder with the chart, and the image that goes with it. */
export interface Version {
  readonly chart: string;
  readonly image: string;
}

/** A namespace, and the release of the chart in it. */
export interface Release {
  readonly cluster: Cluster;
  readonly namespace: string;
  /** Runs kubectl in the namespace, with `input` as its standard input; throws its error output if it fails. */
  readonly kubectl: (toolArguments: readonly string[], input?: object) => Promise<string>;
  /** Runs kubectl in the same way, but returns the result of a failure too. */
  readonly tryKubectl: (toolArguments: readonly string[], input?: object) => Promise<Result>;
  /** Runs helm in the namespace; throws its error output if it fails. */
  readonly helm: (...toolArguments: readonly string[]) => Promise<string>;
  /** Runs `helm install` or `upgrade` with the image and these values, each `KEY=VALUE`; waits until pods are ready. */
  readonly deploy: (verb: 'install' | 'upgrade', ...values: readonly string[]) => Promise<void>;
  /** The same with another version of the chart and of the image. */
  readonly deployVersion: (
    version: Version,
    verb: 'install' | 'upgrade',
    ...values: readonly string[]
  ) => Promise<void>;
  /** `kubectl apply` of an object. */
  readonly apply: (object: object) => Promise<Result>;
  /** `kubectl create` of an object, as a dry run: judged and not stored. */
  readonly judge: (object: object) => Promise<Result>;
  /** Has a loop judged again and again until it is refused as one; throws the last answer if it never is. */
  readonly waitForDenial: () => Promise<void>;
  /** Waits until two pods are ready and all others have ended. */
  readonly waitForPods: () => Promise<void>;
}

/** Makes a namespace under restricted Pod Security before the first test of a suite, and deletes it after the last. */
export function useRelease(): Release {
  const cluster = connectCluster(inject('node'));
  const namespace = `gate-e2e-${randomBytes(3).toString('hex')}`;
  const release = connectRelease(cluster, namespace);
  beforeAll(async () => {
    await release.kubectl(['create', 'namespace', namespace]);
    await release.kubectl(['label', 'namespace', namespace, 'pod-security.kubernetes.io/enforce=restricted']);
  });
  afterAll(async () => {
    await cluster.helm(['uninstall', NAME, '--namespace', namespace, '--ignore-not-found']);
    await release.kubectl(['delete', 'namespace', namespace, '--wait=false']);
  });
  return release;
}

/** Installs CRDs before the first test of a suite, with our chart or as the agents chart brings them; deletes them after. */
export function useCrds(whose: 'ours' | 'agents'): void {
  const cluster = connectCluster(inject('node'));
  const run = async (call: Promise<Result>) => outputOf(await call);
  const chart = ['gate-crds', '--namespace', 'default'];
  beforeAll(async () => {
    if (whose === 'ours') await run(cluster.helm(['install', ...chart, `${CHART}-crds`, '--wait']));
    else if (!existsSync(UPSTREAM_CRDS)) await installCrds(cluster, 'agents');
    else await run(cluster.kubectl(['apply', '--server-side', '-f', UPSTREAM_CRDS]));
    await run(cluster.kubectl(['wait', '--for=condition=Established', 'crd', '--all']));
  });
  afterAll(async () => {
    await run(cluster.helm(['uninstall', ...chart, '--ignore-not-found']));
    const names = (await run(cluster.kubectl(['get', 'crd', '-o', 'name']))).split('\n');
    await run(cluster.kubectl(['delete', ...names.filter((name) => name.endsWith('.proompteng.ai'))]));
  });
}

function connectRelease(cluster: Cluster, namespace: string): Release {
  const tryKubectl: Release['tryKubectl'] = (toolArguments, input) =>
    cluster.kubectl(['--namespace', namespace, ...toolArguments], input && { input: JSON.stringify(input) });
  const kubectl: Release['kubectl'] = async (...call) => outputOf(await tryKubectl(...call));
  const helm: Release['helm'] = async (...toolArguments) =>
    outputOf(await cluster.helm(['--namespace', namespace, ...toolArguments]));
  const apply: Release['apply'] = (object) => tryKubectl(['apply', '-f', '-'], object);
  const judge: Release['judge'] = (object) => tryKubectl(['create', '--dry-run=server', '-f', '-'], object);
  const deployVersion: Release['deployVersion'] = async ({ chart, image }, verb, ...values) => {
    const sets = [...imageValues(image), ...values].flatMap((value) => ['--set', value]);
    await helm(verb, NAME, chart, '--wait', '--timeout', '200s', ...sets);
  };
  return {
    cluster,
    namespace,
    kubectl,
    tryKubectl,
    helm,
    apply,
    judge,
    deploy: (...deployment) => deployVersion(thisVersion(), ...deployment),
    deployVersion,
    waitForPods: async () => {
      await kubectl(['rollout', 'status', `deployment/${NAME}`, `--timeout=${POD_SECONDS}s`]);
      const isSettled = async () =>
        (await kubectl(['get', 'pods', '-l', OURS, '-o', 'name'])).trim().split('\n').length === 2;
      await waitUntil('the old pods to end', isSettled, undefined, POD_SECONDS);
    },
    waitForDenial: async () => {
      let last: Result | undefined;
      const isDenied = async () => {
        last = await judge(loop('probe'));
        return last.code !== 0 && last.stderr.includes('dependency cycle');
      };
      await waitUntil('a refusal', isDenied, () => JSON.stringify(last), VERDICT_SECONDS);
    },
  };
}

/** The chart of this checkout, and the image of this run. */
export function thisVersion(): Version {
  return { chart: CHART, image: inject('image') };
}

/** `image.*` of the chart for an image. */
function imageValues(image: string): readonly string[] {
  const [repository = '', digest] = image.split('@');
  if (digest !== undefined) return [`image.repository=${repository}`, `image.digest=${digest}`];
  const colon = repository.lastIndexOf(':');
  return [`image.repository=${repository.slice(0, colon)}`, `image.tag=${repository.slice(colon + 1)}`];
}

/** What a client printed; throws its error output if it failed. */
export function outputOf({ code, stdout, stderr }: Result): string {
  if (code !== 0) throw new Error(stderr || stdout);
  return stdout;
}

const apiVersion = 'orchestration.proompteng.ai/v1alpha1';

/** An Orchestration of Checkpoints, each of which waits for the steps that are listed with it. */
export function graph(name: string, edges: Readonly<Record<string, readonly string[]>>): object {
  const steps = Object.entries(edges).map(([step, dependsOn]) => ({ name: step, kind: 'Checkpoint', dependsOn }));
  return { apiVersion, kind: 'Orchestration', metadata: { name }, spec: { steps } };
}

/** Two steps that wait for each other. */
export function loop(name: string, step = 'a'): object {
  return graph(name, { [step]: ['last'], last: [step] });
}

/** Steps that declare no order. */
export function sequence(name: string, names: readonly string[] = ['a', 'b', 'c']): object {
  const steps = names.map((step) => ({ name: step, kind: 'Checkpoint' }));
  return { apiVersion, kind: 'Orchestration', metadata: { name }, spec: { steps } };
}

export function runOf(orchestration: string, name = orchestration): object {
  const spec = { orchestrationRef: { name: orchestration } };
  return { apiVersion, kind: 'OrchestrationRun', metadata: { name }, spec };
}
