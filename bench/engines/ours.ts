import { join } from 'node:path';
import { ALLOCATOR, NODE_FLAGS } from '../../scripts/release/image.ts';
import { namespacedResource } from '../../src/kube/resources.ts';
import { installCrds } from '../../test/support/gate.ts';
import { DEFINITION, type Engine, HOME, objectOf } from './engine.ts';

const GROUP = 'orchestration.proompteng.ai';
const ORCHESTRATIONS = namespacedResource(GROUP, 'v1alpha1', 'Orchestration', 'orchestrations');
const RUNS = namespacedResource(GROUP, 'v1alpha1', 'OrchestrationRun', 'orchestrationruns');
const AGENT_RUNS = namespacedResource('agents.proompteng.ai', 'v1alpha1', 'AgentRun', 'agentruns');

/** Our engine: the bundle that `make build` writes and the image runs. */
export const ours: Engine = {
  id: 'ours',
  title: 'orchestration-gate',
  settings: 'as it ships',
  work: 'an AgentRun for each step',
  runs: RUNS,
  children: AGENT_RUNS,
  install: (plane) => installCrds(plane, 'agents'),
  program: (kubeconfig, { health }) => ({
    command: [
      ...[process.execPath, ...NODE_FLAGS, join(import.meta.dirname, '../../dist/program.cjs'), 'reconcile'],
      ...[`--kubeconfig=${kubeconfig}`, `--own-namespace=${HOME}`, '--leader-elect=false'],
      ...['--bind-address=127.0.0.1', `--side-port=${health}`],
    ],
    environment: {
      ...ALLOCATOR,
      JANGAR_ORCHESTRATION_CONTROLLER_ENABLED: 'true',
      JANGAR_ORCHESTRATION_CONTROLLER_NAMESPACES: '*',
    },
    healthUrl: `http://127.0.0.1:${health}/readyz`,
  }),
  define: ({ steps }, namespace) => [
    {
      resource: ORCHESTRATIONS,
      object: objectOf(ORCHESTRATIONS, namespace, DEFINITION, {
        steps: steps.map(({ name, dependsOn }) => ({
          ...{ name, dependsOn, kind: 'AgentRun' },
          ...{ agentRef: { name: 'worker' }, implementationSpecRef: { name: 'work' } },
        })),
      }),
    },
  ],
  run: (name, namespace) => objectOf(RUNS, namespace, name, { orchestrationRef: { name: DEFINITION } }),
  placeOf({ metadata: { annotations = {} } }) {
    const run = annotations['agents.proompteng.ai/orchestration-run'];
    const step = annotations['agents.proompteng.ai/orchestration-step'];
    return run === undefined || step === undefined ? undefined : { run, step };
  },
  endingOf(run) {
    const { phase } = (run['status'] ?? {}) as { phase?: string };
    return phase === 'Succeeded' || phase === 'Failed' ? phase : undefined;
  },
  running: () => ({ phase: 'Running', startedAt: new Date().toISOString() }),
  ended: (_, ending) => ({ phase: ending, finishedAt: new Date().toISOString() }),
};
