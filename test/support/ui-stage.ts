import { randomBytes } from 'node:crypto';
import type { KubeObject } from '../../src/objects/object.ts';
import { createPageServer } from '../../src/ui/server.ts';
import { layered } from './stand-in.ts';
import { systemTiming } from './timing.ts';
import { createStage } from './ui-namespace.ts';

const ORCHESTRATION = 'orchestration.proompteng.ai/v1alpha1';
const WIDTH = 50;
const PHASES = ['Running', 'Succeeded', 'Failed', 'Retrying'];

/** The page's own server, until disposed. It shows a run that stands still until `change` is called. */
export interface UiStage extends AsyncDisposable {
  /** With the token, and the run chosen. */
  readonly url: string;
  /** The names of the steps, in their order. */
  readonly names: readonly string[];
  /** Gives one step its next phase, as a watch would. */
  readonly change: (step: number) => void;
}

/** Serves a run of `count` steps in layers of 50, half of them done, and `ended` runs that have ended before it. */
export async function startUiStage(count: number, ended = 0): Promise<UiStage> {
  const createdAt = new Date().toISOString();
  const spec = { steps: layered(count, WIDTH) };
  const metadata = { name: 'fleet', uid: 'fleet', generation: 1, creationTimestamp: createdAt };
  const orchestration: KubeObject = { apiVersion: ORCHESTRATION, kind: 'Orchestration', metadata, spec };
  const stepStatuses = spec.steps.map(({ name, kind }, index) =>
    index < count / 2
      ? { name, kind, phase: 'Succeeded', attempt: 1, startedAt: createdAt, finishedAt: createdAt }
      : { name, kind, phase: 'Pending', attempt: 0 },
  );
  const run = (): KubeObject => ({
    apiVersion: ORCHESTRATION,
    kind: 'OrchestrationRun',
    metadata: { name: 'fleet-1', uid: 'fleet-1', generation: 1, creationTimestamp: createdAt },
    spec: { orchestrationRef: { name: 'fleet' } },
    status: { phase: 'Running', runId: 'fleet-1', startedAt: createdAt, stepStatuses: [...stepStatuses] },
  });
  const { state, put, createNamespaces } = createStage();
  state.snapshot = { name: 'fleet', ...spec };
  put(orchestration);
  put(run());
  for (let at = 0; at < ended; at++) put(endedRun(at));
  const token = randomBytes(24).toString('base64url');
  const server = createPageServer({
    namespaces: createNamespaces(),
    context: 'bench',
    isReadOnly: false,
    kubectl: { flags: [] },
    token,
    newId: () => randomBytes(12).toString('base64url'),
    schedule: systemTiming.schedule,
    onFault: (error) => {
      throw error;
    },
  });
  const address = await server.listen({ host: '127.0.0.1', port: 0 });
  return {
    url: `${address}/#token=${token}`,
    names: spec.steps.map(({ name }) => name),
    change: (index) => {
      const step = stepStatuses[index];
      if (step === undefined) throw new Error(`there is no step ${index}`);
      const phase = PHASES[(PHASES.indexOf(step.phase) + 1) % PHASES.length] ?? 'Running';
      const at = new Date().toISOString();
      stepStatuses[index] = {
        ...step,
        phase,
        attempt: 1,
        startedAt: at,
        ...(phase !== 'Running' && { finishedAt: at }),
      };
      put(run());
    },
    [Symbol.asyncDispose]: () => server.close(),
  };
}

/** A run of four steps that ended a while ago. Every seventh has failed. */
function endedRun(at: number): KubeObject {
  const startMs = Date.now() - (at + 1) * 60_000;
  const [startedAt, finishedAt] = [startMs, startMs + 45_000].map((ms) => new Date(ms).toISOString());
  const phase = at % 7 === 0 ? 'Failed' : 'Succeeded';
  const steps = ['build', 'test', 'package', 'deploy'];
  return {
    ...{ apiVersion: ORCHESTRATION, kind: 'OrchestrationRun' },
    metadata: {
      ...{ name: `release-${at}`, uid: `release-${at}`, generation: 1, creationTimestamp: startedAt ?? '' },
      labels: { team: at % 2 === 0 ? 'web' : 'api' },
    },
    spec: { orchestrationRef: { name: at % 3 === 0 ? 'deploy' : 'release' } },
    status: {
      ...{ phase, runId: `release-${at}`, startedAt, finishedAt },
      stepStatuses: steps.map((name) => ({
        name,
        kind: 'ToolRun',
        phase: 'Succeeded',
        attempt: 1,
        startedAt,
        finishedAt,
      })),
    },
  };
}
