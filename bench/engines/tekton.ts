import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { namespacedResource } from '../../src/kube/resources.ts';
import { DEFINITION, type Engine, mustRun, objectOf } from './engine.ts';
import { buildController, type PeerModule, sourcesOf } from './modules.ts';
import { endedPod, PODS, runningPod } from './pods.ts';

const VERSION = 'v1.9.0';
const MODULE: PeerModule = { name: 'tekton', module: 'github.com/tektoncd/pipeline', program: 'cmd/controller' };
const PIPELINES = namespacedResource('tekton.dev', 'v1', 'Pipeline', 'pipelines');
const TASKS = namespacedResource('tekton.dev', 'v1', 'Task', 'tasks');
const PIPELINE_RUNS = namespacedResource('tekton.dev', 'v1', 'PipelineRun', 'pipelineruns');
const IMAGES = ['entrypoint', 'nop', 'sidecarlogresults', 'workingdirinit', 'shell', 'shell-image-win'];

/** Tekton with its documented settings, or without what slows it down on purpose: the limit of its client. */
export function tekton(limits: 'documented' | 'lifted'): Engine {
  const qps = limits === 'documented' ? 50 : 5_000;
  return {
    id: limits === 'documented' ? 'tekton' : 'tekton-lifted',
    title: `Tekton Pipelines ${VERSION}${limits === 'documented' ? '' : ', limits lifted'}`,
    settings:
      limits === 'documented'
        ? '`-kube-api-qps 50 -kube-api-burst 50 -threads-per-controller 32`, the example of docs/tekton-controller-performance-configuration.md of that version; the controller doubles both limits'
        : '`-kube-api-qps 5000 -kube-api-burst 5000 -threads-per-controller 32`; no page recommends this: it shows what these limits cost',
    work: 'a TaskRun and a pod for each step',
    runs: PIPELINE_RUNS,
    children: PODS,
    async install(plane) {
      const config = join(sourcesOf(MODULE), 'config');
      const files = readdirSync(config).filter((file) => /^config-.*\.yaml$|^100-/.test(file));
      const flags = ['100-namespace', '300-crds', ...files].flatMap((file) => ['--filename', join(config, file)]);
      await mustRun(plane.kubectl(['apply', '--server-side', ...flags]));
      await mustRun(plane.kubectl(['wait', 'crd', '--all', '--for', 'condition=Established']));
    },
    program: async (kubeconfig, { health, metrics }) => ({
      command: [
        ...[await buildController(MODULE), `-kubeconfig=${kubeconfig}`, '-disable-ha'],
        ...[`-kube-api-qps=${qps}`, `-kube-api-burst=${qps}`, '-threads-per-controller=32'],
        ...IMAGES.map((image) => `-${image.includes('image') ? image : `${image}-image`}=example.org/${image}:v1`),
      ],
      environment: {
        ...{ SYSTEM_NAMESPACE: 'tekton-pipelines', METRICS_DOMAIN: 'tekton.dev/pipeline', POD_NAME: 'controller' },
        ...{ CONFIG_DEFAULTS_NAME: 'config-defaults', CONFIG_LOGGING_NAME: 'config-logging' },
        ...{ CONFIG_OBSERVABILITY_NAME: 'config-observability', CONFIG_FEATURE_FLAGS_NAME: 'feature-flags' },
        ...{ CONFIG_LEADERELECTION_NAME: 'config-leader-election-controller', CONFIG_SPIRE: 'config-spire' },
        ...{ KUBERNETES_MIN_VERSION: 'v1.28.0', PROBES_PORT: `${health}`, METRICS_PROMETHEUS_PORT: `${metrics}` },
      },
      healthUrl: `http://127.0.0.1:${health}/readiness`,
    }),
    define: ({ steps }, namespace) => [
      {
        resource: TASKS,
        object: objectOf(TASKS, namespace, DEFINITION, {
          steps: [{ name: 'work', image: 'busybox', command: ['true'] }],
        }),
      },
      {
        resource: PIPELINES,
        object: objectOf(PIPELINES, namespace, DEFINITION, {
          tasks: steps.map(({ name, dependsOn }) => ({ name, taskRef: { name: DEFINITION }, runAfter: dependsOn })),
        }),
      },
    ],
    run: (name, namespace) => objectOf(PIPELINE_RUNS, namespace, name, { pipelineRef: { name: DEFINITION } }),
    placeOf({ metadata: { labels = {} } }) {
      const [run, step] = [labels['tekton.dev/pipelineRun'], labels['tekton.dev/pipelineTask']];
      return run === undefined || step === undefined ? undefined : { run, step };
    },
    endingOf(run) {
      const { conditions = [] } = (run['status'] ?? {}) as { conditions?: { type: string; status: string }[] };
      const status = conditions.find(({ type }) => type === 'Succeeded')?.status;
      if (status === 'True') return 'Succeeded';
      return status === 'False' ? 'Failed' : undefined;
    },
    running: runningPod,
    ended: endedPod,
  };
}
