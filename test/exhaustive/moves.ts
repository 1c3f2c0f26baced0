import type { KubeObject } from '../../src/objects/object.ts';
import { isRunFinal } from '../../src/orchestration/run-status.ts';
import { GROUP } from '../../src/orchestration/schema.ts';
import { hasEnded } from '../reconciler/invariants/moment.ts';
import {
  act,
  crash,
  deliver,
  keyOf,
  listChildren,
  listVisible,
  NAMESPACE,
  POLICIES,
  phaseOf,
  plan,
  RUN,
  RUNS,
  resourceOf,
  setPhase,
  storedRun,
  storedStatus,
  switchProcess,
  type World,
} from '../support/model/engine.ts';

/** What may happen in addition to children that succeed or fail, and news that comes late. */
export interface Menu {
  /** Each step may have one retry; `one`: only one step may; `false`: none. */
  readonly retries?: false | 'one';
  /** `false`: no step continues on failure. */
  readonly tolerance?: false;
  /** Each step may have any `runIf`. */
  readonly runIf?: boolean;
  /** Each step may have a condition that is true, false or fails. */
  readonly when?: boolean;
  /** How often the process crashes, an answer is lost, or a call fails; without it, any number of times. */
  readonly faults?: number;
  /** The run is cancelled, once, at any time. */
  readonly cancel?: boolean;
  /** The run is cancelled with "now", once, at any time, also after a cancel. */
  readonly cancelNow?: boolean;
  /** The annotation of a cancel is removed, once, at any time. */
  readonly uncancel?: boolean;
  /** The run is suspended, once, at any time, and resumed at any later time. */
  readonly suspend?: boolean;
  /** A child whose uid is recorded is deleted by somebody else, once. */
  readonly remove?: boolean;
  /** Steps are AgentRuns, which carry our finalizer. Each is deleted by somebody else once it has finished, at any time. */
  readonly sweep?: boolean;
  /** How often an hour passes, which is longer than any timeout. Steps may have timeouts, unless the menu forbids it. */
  readonly hours?: number;
  readonly timeouts?: false;
  /** Two processes work on the run, of which one stands still at a time, wherever it is. */
  readonly rival?: boolean;
  /** A child may also end Cancelled. */
  readonly cancelChildren?: boolean;
  /** Children wait for somebody to start them, and each step may bound that time. */
  readonly startsLate?: boolean;
  /** The first step waits for a manual ApprovalPolicy. How often that becomes Ready, whatever it was, or Denied. */
  readonly decisions?: number;
}

/** Which fields of steps are chosen. */
type Chosen = 'retries' | 'tolerance' | 'runIf' | 'when' | 'timeouts';

/** What is left of a menu. */
export type Left = Required<Omit<Menu, Chosen>>;

export interface Move {
  readonly label: string;
  readonly go: (world: World) => unknown;
  /** What it takes from the menu. */
  readonly used?: Partial<Left>;
}

const CANCEL = `${GROUP}/cancel`;
const SUSPEND = `${GROUP}/suspend`;

export function readMenu(menu: Menu): Left {
  return {
    faults: Infinity,
    cancel: false,
    cancelNow: false,
    uncancel: false,
    suspend: false,
    remove: false,
    sweep: false,
    hours: 0,
    rival: false,
    cancelChildren: false,
    decisions: 0,
    startsLate: false,
    ...menu,
  };
}

/** In which phases a child may end. */
export type PhasesOf = (child: KubeObject) => readonly string[];

/** All that can happen now. The first that changes anything is what happens if nothing goes wrong. */
export function listMoves(world: World, left: Left, phasesOf: PhasesOf = () => phasesIn(left)): Move[] {
  const isResting = world.plan === undefined;
  const news = isResting ? listNews(world) : [];
  // News counts only when a plan is made, so it makes no difference to let it come only then. The same is true of the
  // end of a child, which is seen as it happens.
  const seeing = news.map((key): Move => ({ label: `see ${key}`, go: (next) => deliver(next, key) }));
  const working: Move[] = isResting
    ? [...seeing, { label: 'plan', go: plan }]
    : [{ label: callOf(world), go: (next) => act(next) }];
  return [
    ...working,
    ...(isResting ? listEnds(world, phasesOf) : []),
    ...collectGarbage(world),
    ...listDecisions(world, left),
    ...listFaults(world, left, news.length > 0),
    ...listDeeds(world, left),
    ...listSweeps(world, left),
    ...(left.rival ? [{ label: 'the other process goes on', go: switchProcess, used: {} }] : []),
  ];
}

/** Keys of what has changed since the process saw it. */
function listNews(world: World): string[] {
  const visible = listVisible(world);
  const keys = new Set([...visible.keys(), ...world.view.keys()]);
  return [...keys].filter((key) => visible.get(key) !== world.view.get(key)).sort();
}

function callOf({ plan: current }: World): string {
  return current?.actions[0]?.type ?? 'nothing';
}

function phasesIn({ cancelChildren }: Left): readonly string[] {
  return ['Succeeded', 'Failed', ...(cancelChildren ? ['Cancelled'] : [])];
}

function listEnds(world: World, phasesOf: PhasesOf): Move[] {
  const running = listChildren(world.api).filter((child) => !hasEnded(child));
  return running.flatMap((child) =>
    (phaseOf(child) === undefined && world.setting.startsLate === true ? ['Running'] : phasesOf(child)).map(
      (phase) => ({
        label: `see ${child.metadata.name} ${phase}`,
        go: (next: World) => {
          setPhase(next, child, phase);
          deliver(next, keyOf(child.kind, child.metadata.name));
        },
      }),
    ),
  );
}

/** What can happen to the ApprovalPolicy, if there is one. If nothing goes wrong, somebody approves. */
function listDecisions({ api }: World, { decisions }: Left): Move[] {
  const [policy] = api.list(POLICIES).items;
  if (policy === undefined || phaseOf(policy) === 'Approved') return [];
  const decide = (phase: string): Move => ({
    label: `the policy becomes ${phase}`,
    go: (next) =>
      next.api.patch(
        POLICIES,
        policy.metadata,
        { type: 'merge', body: { status: { phase } } },
        { subresource: 'status' },
      ),
  });
  const used = { decisions: decisions - 1 };
  const more = decisions > 0 ? ['Ready', 'Denied'].map((phase) => ({ ...decide(phase), used })) : [];
  return [...more, decide('Approved')];
}

function collectGarbage({ api }: World): Move[] {
  const isLeft = listChildren(api).some(({ metadata }) => metadata.deletionTimestamp !== undefined);
  return isLeft ? [{ label: 'garbage is collected', go: (next) => next.api.collectGarbage() }] : [];
}

function listFaults(world: World, { faults }: Left, isBehind: boolean): Move[] {
  if (faults === 0) return [];
  const used = { faults: faults - 1 };
  const crashed: Move = { label: 'crash', go: crash, used };
  if (world.plan === undefined) return isBehind ? [crashed] : [];
  return [
    crashed,
    { label: `${callOf(world)}, but the answer is lost`, go: (next) => act(next, 'Lost'), used },
    { label: `${callOf(world)} fails`, go: (next) => act(next, 'Failed'), used },
  ];
}

/** What people do. */
function listDeeds(world: World, left: Left): Move[] {
  const run = storedRun(world);
  const status = storedStatus(world);
  if (run === undefined || isRunFinal(status)) return [];
  const deeds: Move[] = [];
  if (run.metadata.annotations?.[SUSPEND] === 'true')
    deeds.push({ label: 'resume', go: (next) => annotate(next, SUSPEND, null) });
  if (left.cancel)
    deeds.push({ label: 'cancel', go: (next) => annotate(next, CANCEL, 'true'), used: { cancel: false } });
  if (left.cancelNow)
    deeds.push({
      label: 'cancel now',
      go: (next) => annotate(next, CANCEL, 'now'),
      used: { cancelNow: false, cancel: false },
    });
  if (left.uncancel && run.metadata.annotations?.[CANCEL] !== undefined)
    deeds.push({ label: 'cancel no more', go: (next) => annotate(next, CANCEL, null), used: { uncancel: false } });
  if (left.suspend)
    deeds.push({ label: 'suspend', go: (next) => annotate(next, SUSPEND, 'true'), used: { suspend: false } });
  if (left.hours > 0) deeds.push({ label: 'an hour passes', go: passHour, used: { hours: left.hours - 1 } });
  if (!left.remove) return deeds;
  const recorded = status.stepStatuses.flatMap(({ resourceRef }) => resourceRef?.uid ?? []);
  const removable = listChildren(world.api).filter(({ metadata }) => recorded.includes(metadata.uid ?? ''));
  const removals = removable.map(
    ({ kind, metadata }): Move => ({
      label: `${metadata.name} is deleted`,
      go: (next) => next.api.delete(resourceOf(kind), metadata),
      used: { remove: false },
    }),
  );
  return [...deeds, ...removals];
}

/** Deletions of children that have finished: people have no reason to keep an AgentRun that is over. */
function listSweeps({ api }: World, { sweep }: Left): Move[] {
  if (!sweep) return [];
  const finished = listChildren(api).filter(
    (child) => hasEnded(child) && child.metadata.deletionTimestamp === undefined,
  );
  return finished.map(
    ({ kind, metadata }): Move => ({
      label: `${metadata.name}, which has finished, is deleted`,
      go: (next) => next.api.delete(resourceOf(kind), metadata),
      used: {},
    }),
  );
}

function passHour(world: World): void {
  world.nowMs += 3_600_000;
}

function annotate({ api }: World, key: string, value: string | null): KubeObject {
  const body = { metadata: { annotations: { [key]: value } } };
  return api.patch(RUNS, { namespace: NAMESPACE, name: RUN }, { type: 'merge', body });
}
