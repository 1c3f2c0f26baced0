import type { StoredObject } from '../../src/objects/object.ts';
import type { Orchestration } from '../../src/orchestration/decode.ts';
import { stepKinds } from '../../src/orchestration/kinds/table.ts';
import { isRunFinal, type RunStatus, type StepStatus } from '../../src/orchestration/run-status.ts';
import { API_VERSION } from '../../src/orchestration/schema.ts';
import { Annotation } from '../../src/orchestration/vocabulary/metadata.ts';
import type { Observation } from '../../src/reconciler/observation.ts';
import { planRun } from '../../src/reconciler/plan.ts';
import { readRun, trustRun } from '../../src/reconciler/read-run.ts';
import type { Facts } from '../reconciler/invariants/moment.ts';
import { NAMESPACE, nameChild, ORCHESTRATION, RUN } from '../support/model/engine.ts';
import type { Choices } from './lazy.ts';

/** Ends that a rerun cannot tell apart have the same name. */
export function nameEnd({ stepStatuses }: RunStatus, choices: Choices): string {
  const ends = stepStatuses.map(({ name, phase, reason, ignored }) => [name, phase, reason, ignored]);
  return JSON.stringify([ends, choices]);
}

/**
 * Continues a run that has ended, lets every child succeed, and returns what is wrong: the run inherits other steps than
 * the semantics say, carries an inherited step out, carries another one out twice, or does not end.
 */
export function violationsOfRerun(source: RunStatus, { steps, policies, edges }: Facts): readonly string[] {
  if (!isRunFinal(source)) return [];
  const orchestration = { name: ORCHESTRATION, namespace: NAMESPACE, steps, policies };
  const { created, status } = play(source, orchestration);
  const isInherited = (step: StepStatus | undefined) => step?.reason === 'Inherited';
  const wanted = listInheritable(source, edges, steps);
  const isBroken = status.stepStatuses.some(({ reason }) => reason === 'ConditionFailed');
  const end = `a rerun whose children succeed ends ${status.phase}`;
  const wrong = steps.flatMap(({ name }, index) => {
    const [before, after] = [source.stepStatuses[index], status.stepStatuses[index]];
    const made = created.filter((step) => step === name).length;
    return [
      ...(wanted.has(index) === isInherited(after)
        ? []
        : [`a rerun ${wanted.has(index) ? 'does not inherit' : 'inherits'} ${name}`]),
      ...(isInherited(after) && after?.phase !== before?.phase ? [`a rerun makes ${after?.phase} of ${name}`] : []),
      ...(made > (isInherited(after) ? 0 : 1) ? [`a rerun creates ${made} children of ${name}`] : []),
    ];
  });
  return status.phase === 'Succeeded' || (isBroken && isRunFinal(status)) ? wrong : [...wrong, end];
}

/** The rule in its most direct form: removes steps that break it until none does. */
function listInheritable(
  { stepStatuses }: RunStatus,
  edges: Facts['edges'],
  steps: Facts['steps'],
): ReadonlySet<number> {
  const isGood = ({ phase, reason, ignored }: StepStatus) =>
    phase === 'Succeeded' ||
    (phase === 'Failed' && ignored === true) ||
    (phase === 'Skipped' && reason === 'ConditionFalse');
  const good = new Set(stepStatuses.flatMap((step, index) => (isGood(step) ? [index] : [])));
  const descendants = (of: number): number[] =>
    steps.flatMap((_, index) => (edges[index]?.includes(of) ? [index, ...descendants(index)] : []));
  const breaks = (index: number) =>
    edges[index]?.some((target) => !good.has(target)) === true ||
    (steps[index]?.kind === 'ApprovalGate' && descendants(index).some((one) => !good.has(one)));
  for (let found = [...good].filter(breaks); found.length > 0; found = [...good].filter(breaks))
    for (const index of found) good.delete(index);
  return good;
}

/** Plans a rerun to its end. Children succeed at once, and gates open. */
function play(
  source: RunStatus,
  orchestration: Orchestration,
): { readonly created: string[]; readonly status: RunStatus } {
  const metadata = { namespace: NAMESPACE, creationTimestamp: '2026-01-01T00:00:00Z' };
  const kind = 'OrchestrationRun';
  const spec = { orchestrationRef: { name: ORCHESTRATION } };
  const snapshotted = { state: 'Snapshotted', orchestration } as const;
  const observeAs = (name: string, status: RunStatus) => {
    const annotations = name === RUN ? {} : { [Annotation.ResumeFrom]: RUN };
    const object = {
      apiVersion: API_VERSION,
      kind,
      metadata: { ...metadata, name, uid: `u/${name}`, annotations },
      spec,
      status,
    };
    return trustRun(readRun(object, false), snapshotted, nameChild, stepKinds);
  };
  const created: string[] = [];
  const children = new Map<string, StoredObject>();
  const policy = {
    apiVersion: '',
    kind: '',
    metadata: { ...metadata, name: 'p', uid: 'p' },
    status: { phase: 'Approved' },
  };
  const watched = new Map(orchestration.steps.map(({ name }) => [name, [policy]]));
  const found = {
    state: 'Found',
    source: { run: observeAs(RUN, source), orchestration },
    nested: new Map<string, string>(),
  } as const;
  let status: RunStatus = { conditions: [], stepStatuses: [] };
  for (let round = 0; round < 30 && !isRunFinal(status); round++) {
    const observation: Observation = {
      ...{ run: observeAs('again', status), orchestration: snapshotted, kinds: stepKinds, children, watched },
      ...(status.runId === undefined && { source: found }),
      ...{
        ancestry: [],
        taken: new Map(),
        owned: [],
        held: [],
        created: new Map(),
        refusals: new Map(),
        waits: new Map(),
      },
      ...{ isAwaited: false, unreadable: new Map() },
    };
    for (const action of planRun(observation, Date.parse('2026-01-01T00:00:00Z'), {
      nameChild,
      missingOrchestrationSeconds: 300,
    })) {
      if (action.type === 'PatchStatus') status = JSON.parse(JSON.stringify(action.status)) as RunStatus;
      if (action.type !== 'CreateChild') continue;
      const { apiVersion, kind: childKind, name } = action.ref;
      const owner = { apiVersion: API_VERSION, kind, name: 'again', uid: 'u/again', controller: true };
      created.push(action.step);
      children.set(name, {
        ...{ apiVersion, kind: childKind, status: { phase: 'Succeeded' } },
        metadata: { ...metadata, name, uid: name, ownerReferences: [owner] },
      });
    }
  }
  return { created, status };
}
