import { nameChild } from '../../src/reconciler/names.ts';
import type { PaperKind, PaperOptions } from './paper-api.ts';

const API = 'orchestration.proompteng.ai/v1alpha1';
const TOOLS = 'tools.proompteng.ai/v1alpha1';
const time = '2026-01-01T00:00:00Z';
const namespace = 'paper';

export interface Crowd {
  /** Runs whose first step has a running child. The child of the first run has ended, so that there is work to do. */
  readonly live: number;
  readonly finished: number;
  readonly steps: number;
}

const nameOf = (index: number) => `run-${String(index).padStart(6, '0')}`;
const uidOf = (name: string) => `${name}-0000-4000-8000-000000000000`;
/** The child of a run's step, under its unique name. */
const childOf = (index: number, step: string) => {
  const run = { name: nameOf(index), uid: uidOf(nameOf(index)) };
  return { apiVersion: TOOLS, kind: 'ToolRun', name: nameChild(run, step, 1), namespace };
};
const managedFields = [
  { manager: 'orchestration-gate-reconciler', operation: 'Update', subresource: 'status', time, fieldsV1: {} },
];

/** The objects of so many runs, first the live ones, as the API server would send them. */
export function paperRuns({ live, finished, steps }: Crowd): Omit<PaperOptions, 'kubeconfigPath'> {
  const stepNames = Array.from({ length: steps }, (_, step) => `step-${step}`);
  const runs: PaperKind = { size: live + finished, at: (index) => runAt(index, index < live, stepNames) };
  const toolRuns: PaperKind = { size: live, at: (index) => childAt(index) };
  const orchestration = {
    ...{ name: 'paper', namespace, policies: {} },
    steps: stepNames.map((name) => ({ name, kind: 'ToolRun', toolRef: { name: 'echo' } })),
  };
  return {
    kinds: { orchestrationruns: runs, toolruns: toolRuns },
    read(plural, name) {
      if (plural === 'orchestrationruns') return runs.at(Number(name.slice('run-'.length)));
      if (plural === 'toolruns') return toolRuns.at(Number(/^run-(\d+)/.exec(name)?.[1]));
      if (plural !== 'controllerrevisions') return undefined;
      const uid = name.slice('orchestration-run-'.length);
      const metadata = { name, namespace, uid: uidOf(name), ownerReferences: [{ uid }] };
      return { apiVersion: 'apps/v1', kind: 'ControllerRevision', metadata, data: { orchestration } };
    },
  };
}

function runAt(index: number, isLive: boolean, stepNames: readonly string[]): object {
  const name = nameOf(index);
  const common = { attempt: 1, startedAt: time, lastTransitionTime: time, message: '' };
  const stepStatuses = stepNames.map((step, order) => {
    const uid = uidOf(`c-${name}-${order}`);
    const resourceRef = isLive
      ? { ...childOf(index, step), uid }
      : { apiVersion: TOOLS, kind: 'ToolRun', name: `${name}-${step}`, namespace, uid };
    if (!isLive) return { name: step, kind: 'ToolRun', phase: 'Succeeded', ...common, finishedAt: time, resourceRef };
    if (order > 0) return { name: step, kind: 'ToolRun', phase: 'Pending', attempt: 0 };
    return { name: step, kind: 'ToolRun', phase: 'Running', reason: 'Started', ...common, resourceRef };
  });
  const say = (type: string, status: string, message: string) => ({
    ...{ type, status, reason: isLive ? 'Running' : 'Completed', message, lastTransitionTime: time },
  });
  const conditions = isLive
    ? [say('Ready', 'False', 'x'), say('Progressing', 'True', 'x'), say('Succeeded', 'Unknown', 'x')]
    : [say('Ready', 'True', 'x'), say('Succeeded', 'True', 'x'), say('Expires', 'False', 'the run is kept')];
  const phase = isLive ? 'Running' : 'Succeeded';
  const end = isLive ? {} : { finishedAt: time };
  return {
    apiVersion: API,
    kind: 'OrchestrationRun',
    metadata: { ...identify(name), generation: 1, managedFields },
    spec: { orchestrationRef: { name: 'paper' }, parameters: { branch: `feature-${index}` } },
    status: { phase, runId: name, startedAt: time, ...end, observedGeneration: 1, conditions, stepStatuses },
  };
}

function childAt(index: number): object {
  const owner = { apiVersion: API, kind: 'OrchestrationRun', name: nameOf(index), uid: uidOf(nameOf(index)) };
  const { apiVersion, kind, name } = childOf(index, 'step-0');
  return {
    apiVersion,
    kind,
    metadata: {
      ...identify(name),
      uid: uidOf(`c-${nameOf(index)}-0`),
      ownerReferences: [{ ...owner, controller: true }],
    },
    spec: { toolRef: { name: 'echo' }, parameters: { branch: `feature-${index}` } },
    status: { phase: index === 0 ? 'Succeeded' : 'Running' },
  };
}

function identify(name: string): object {
  return { name, namespace, uid: uidOf(name), resourceVersion: '7', creationTimestamp: time };
}

/** A SignalDelivery that nobody waits for, with a payload of so many bytes. */
export function paperDelivery(index: number, payloadBytes: number): object {
  const spec = { deliveryId: `d-${index}`, signalRef: { name: 'nobody' }, payload: { text: 'x'.repeat(payloadBytes) } };
  const type = { apiVersion: 'signals.proompteng.ai/v1alpha1', kind: 'SignalDelivery' };
  return { ...type, metadata: identify(`delivery-${index}`), spec };
}
