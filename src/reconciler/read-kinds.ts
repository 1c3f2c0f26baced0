import type { StoredObject } from '../objects/object.ts';
import type { StepKinds } from '../orchestration/kinds/step-kinds.ts';
import { isStepFinal } from '../orchestration/run-status.ts';
import type { Step } from '../orchestration/schema.ts';
import type { Memory } from './memory.ts';
import type { ObservedRun } from './observation.ts';
import type { Cluster } from './ports.ts';

/** The steps whose kind cannot be listed, each with the reason. Steps of other kinds are not affected. */
export function findUnreadable(
  cluster: Cluster,
  run: ObservedRun,
  { snapshots }: Memory,
  kinds: StepKinds,
): ReadonlyMap<string, string> {
  const declared = snapshots.get(run.uid)?.steps;
  const steps = declared?.filter((step) => !waitsForPeopleAlone(step, kinds)) ?? run.status.stepStatuses;
  const words = new Map<string, string | undefined>();
  return new Map(
    steps.flatMap(({ name, kind: stepKind }) => {
      const kind = kinds.get(stepKind);
      if (kind === undefined || kind.type === 'Immediate') return [];
      if (!words.has(stepKind)) {
        const { namespace } = run;
        words.set(stepKind, cluster.unreadable(kind.apiVersion, kind.kind, namespace, `${namespace}/${run.name}`));
      }
      const said = words.get(stepKind);
      return said === undefined ? [] : [[name, `cannot list ${kind.kind}: ${said}`] as const];
    }),
  );
}

function waitsForPeopleAlone(step: Step, kinds: StepKinds): boolean {
  const kind = kinds.get(step.kind);
  return kind?.type === 'Gate' && kind.isDecidedByPeople !== undefined && kind.wants(step).length === 0;
}

/** The objects that match gate steps that are not over, by step. */
export function readWatched(
  cluster: Cluster,
  run: ObservedRun,
  { snapshots }: Memory,
  unreadable: ReadonlyMap<string, string>,
  kinds: StepKinds,
): ReadonlyMap<string, readonly StoredObject[]> {
  const watched = new Map<string, readonly StoredObject[]>();
  const over = new Set(run.status.stepStatuses.filter(isStepFinal).map(({ name }) => name));
  for (const step of snapshots.get(run.uid)?.steps ?? []) {
    const kind = kinds.get(step.kind);
    if (kind?.type !== 'Gate' || over.has(step.name) || unreadable.has(step.name)) continue;
    const offers = kind
      .wants(step)
      .flatMap((text) => cluster.listOffers(kind, run.namespace, text, `${run.namespace}/${run.name}`));
    watched.set(
      step.name,
      [...new Set(offers)].filter((candidate) => kind.matches(step, candidate, run)),
    );
  }
  return watched;
}
