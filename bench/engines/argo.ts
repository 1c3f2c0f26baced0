import { join } from 'node:path';
import { namespacedResource } from '../../src/kube/resources.ts';
import { DEFINITION, type Engine, HOME, mustRun, objectOf } from './engine.ts';
import { buildController, type PeerModule, sourcesOf } from './modules.ts';
import { endedPod, PODS, runningPod } from './pods.ts';

const VERSION = 'v3.7.4';
const MODULE: PeerModule = {
  name: 'argo',
  module: 'github.com/argoproj/argo-workflows/v3',
  program: 'cmd/workflow-controller',
};
const WORKFLOWS = namespacedResource('argoproj.io', 'v1alpha1', 'Workflow', 'workflows');
const TEMPLATES = namespacedResource('argoproj.io', 'v1alpha1', 'WorkflowTemplate', 'workflowtemplates');
/** The controller listens here, and no flag changes that. */
const HEALTH = 'http://127.0.0.1:6060/healthz';

/**
 * Argo Workflows with its documented settings, or without what slows it down on purpose: the limit of its client, and
 * the time until it looks again.
 */
export function argo(limits: 'documented' | 'lifted'): Engine {
  const [qps, burst] = limits === 'documented' ? [50, 75] : [5_000, 10_000];
  return {
    id: limits === 'documented' ? 'argo' : 'argo-lifted',
    title: `Argo Workflows ${VERSION}${limits === 'documented' ? '' : ', limits lifted'}`,
    settings:
      limits === 'documented'
        ? '`--qps=50 --burst=75`, the example of docs/scaling.md of that version; 32 workflow workers, its default; no limit of pod creation. `DEFAULT_REQUEUE_TIME=1m` of docs/running-at-massive-scale.md is for steps of over a minute: it is 10 s, the default'
        : '`--qps=5000 --burst=10000`, `DEFAULT_REQUEUE_TIME=1s`, the least that its source (workflow/controller/rate_limiters.go) calls safe; no page recommends this: it shows what these limits cost',
    work: 'a pod for each step',
    runs: WORKFLOWS,
    children: PODS,
    async install(plane) {
      const crds = join(sourcesOf(MODULE), 'manifests/base/crds/minimal');
      await mustRun(plane.kubectl(['apply', '--server-side', '--kustomize', crds]));
      await mustRun(plane.kubectl(['wait', 'crd', '--all', '--for', 'condition=Established']));
      await mustRun(plane.kubectl(['create', 'configmap', 'workflow-controller-configmap', '--namespace', HOME]));
    },
    program: async (kubeconfig) => ({
      command: [
        ...[await buildController(MODULE), `--kubeconfig=${kubeconfig}`, `--namespace=${HOME}`],
        ...[`--executor-image=quay.io/argoproj/argoexec:${VERSION}`, `--qps=${qps}`, `--burst=${burst}`],
      ],
      environment: {
        LEADER_ELECTION_DISABLE: 'true',
        DEFAULT_REQUEUE_TIME: limits === 'documented' ? '10s' : '1s',
      },
      healthUrl: HEALTH,
    }),
    define: ({ steps }, namespace) => [
      {
        resource: TEMPLATES,
        object: objectOf(TEMPLATES, namespace, DEFINITION, {
          entrypoint: 'main',
          templates: [
            {
              name: 'main',
              dag: {
                tasks: steps.map(({ name, dependsOn }) => ({ name, template: 'work', dependencies: dependsOn })),
              },
            },
            { name: 'work', container: { image: 'busybox', command: ['true'] } },
          ],
        }),
      },
    ],
    run: (name, namespace) => objectOf(WORKFLOWS, namespace, name, { workflowTemplateRef: { name: DEFINITION } }),
    placeOf({ metadata: { labels = {}, annotations = {} } }) {
      const run = labels['workflows.argoproj.io/workflow'];
      const node = annotations['workflows.argoproj.io/node-name'];
      if (run === undefined || node === undefined) return undefined;
      return { run, step: node.slice(run.length + 1) };
    },
    endingOf(run) {
      const { phase } = (run['status'] ?? {}) as { phase?: string };
      if (phase === 'Error') return 'Failed';
      return phase === 'Succeeded' || phase === 'Failed' ? phase : undefined;
    },
    running: runningPod,
    ended: endedPod,
  };
}
