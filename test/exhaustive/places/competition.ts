import { LEASES } from '../../../src/kube/lease.ts';
import type { KubeObject } from '../../../src/objects/object.ts';
import type { Orchestration } from '../../../src/orchestration/decode.ts';
import { isRunFinal } from '../../../src/orchestration/run-status.ts';
import { Annotation } from '../../../src/orchestration/vocabulary/metadata.ts';
import { precedes } from '../../../src/reconciler/turn.ts';
import { phaseOf, REVISIONS, RUNS } from '../../support/model/engine.ts';
import type { Fate, OnItsWay } from '../../support/model/network.ts';
import { createSimulation, type Simulation } from '../../support/model/simulation.ts';
import { statusOf } from '../unkind/checks.ts';

/** Runs that compete for the places of one group. */
export interface Competition {
  readonly title: string;
  readonly orchestrations: Readonly<Record<string, Pick<Orchestration, 'steps' | 'policies'>>>;
  /** Runs by name, in the order of their creation, with the milliseconds that pass before each. */
  readonly runs: readonly { readonly name: string; readonly of: string; readonly afterMs?: number }[];
  /** How many runs can work at the same time, without those that other runs own. */
  readonly max: number;
  /** How the runs must end, by name; `undefined` in any way. */
  readonly ends?: Readonly<Record<string, string | undefined>>;
  readonly lingersMs?: (step: string) => number;
  readonly outcomeOf?: (step: string, nth: number) => string | undefined;
  /** How many engines are active. */
  readonly engines?: number;
  /** Something that people do, once the simulation is set up. */
  readonly prepare?: (simulation: Simulation) => void;
}

/** What becomes of the call of this number. */
export interface Strike {
  readonly number: number;
  readonly fate: Fate;
}

export const fates: readonly Fate[] = ['fails', 'answer is lost', 'caller dies before', 'caller dies after'];

/** How a history went. */
export interface Told {
  readonly complaints: readonly string[];
  readonly calls: number;
  /** How often one run was changed at most. */
  readonly writes: number;
}

const PATIENCE_MS = 20 * 60_000;

/** Lets the runs compete, with these strikes, and says what was wrong. */
export async function compete(competition: Competition, strikes: readonly Strike[] = []): Promise<Told> {
  const complaints = new Set<string>();
  const started: string[] = [];
  const waiting = new Map<string, KubeObject>();
  const simulation = createSimulation({
    orchestrations: competition.orchestrations,
    ...(competition.outcomeOf && { outcomeOf: competition.outcomeOf }),
    ...(competition.lingersMs && { lingersMs: competition.lingersMs }),
    decide(call, now) {
      for (const complaint of complain(now, competition)) complaints.add(complaint);
      for (const complaint of noteStarts(now, started, waiting)) complaints.add(complaint);
      return strike(call, now, strikes);
    },
  });
  const { engines = 1 } = competition;
  for (let engine = 0; engine < engines; engine++) simulation.startEngine();
  competition.prepare?.(simulation);
  for (const { name, of, afterMs = 0 } of competition.runs) {
    await simulation.pass(afterMs);
    simulation.createRun(name, of);
  }
  const isOver = () => competition.runs.every(({ name }) => hasEnded(simulation, name));
  if (!(await simulation.until(isOver, PATIENCE_MS))) complaints.add(`not over: ${describe(simulation)}`);
  await simulation.pass(2 * 60_000);
  simulation.killEngine();
  for (const complaint of noteStarts(simulation, started, waiting)) complaints.add(complaint);
  for (const complaint of complain(simulation, competition)) complaints.add(complaint);
  for (const lease of listLeases(simulation)) complaints.add(`${lease.metadata.name} is left`);
  for (const [name, end] of Object.entries(competition.ends ?? {})) {
    const phase = phaseOf(simulation.get(RUNS, name) ?? { kind: '' });
    if (end !== undefined && phase !== end) complaints.add(`${name} is ${phase}, and not ${end}`);
  }
  const writes = Map.groupBy(
    simulation.happenings.filter(({ type, object }) => type === 'MODIFIED' && object.kind === RUNS.kind),
    ({ object }) => object.metadata.name,
  );
  return {
    complaints: [...complaints],
    calls: simulation.calls.length,
    writes: Math.max(...[...writes.values()].map(({ length }) => length)),
  };
}

/** How many calls after another strike a death is tried: a later one meets another part of the history. */
const FOLLOWED = 6;

/** Lets the runs compete once for each call and fate, and once more for each with a death after it. */
export async function competeAll(
  competition: Competition,
): Promise<{ readonly histories: number; readonly calls: number; readonly violation?: string }> {
  const total = { histories: 0, calls: 0 };
  const clean = await compete(competition);
  const numbers = Array.from({ length: clean.calls }, (_, index) => index + 1);
  const due: (readonly Strike[])[] = [[], ...numbers.flatMap((number) => fates.map((fate) => [{ number, fate }]))];
  for (let strikes = due.shift(); strikes !== undefined; strikes = due.shift()) {
    const { complaints, calls } = await compete(competition, strikes);
    total.histories += 1;
    total.calls += calls;
    const what = strikes.map(({ number, fate }) => `call ${number}: ${fate}`);
    if (complaints.length > 0) return { ...total, violation: [competition.title, ...what, ...complaints].join('\n  ') };
    const [one, ...others] = strikes;
    if (one === undefined || others.length > 0) continue;
    for (let number = one.number + 1; number <= Math.min(calls, one.number + FOLLOWED); number++)
      due.push([one, { number, fate: 'caller dies after' }]);
  }
  return total;
}

function strike({ number }: OnItsWay, simulation: Simulation, strikes: readonly Strike[]): Fate | undefined {
  const fate = strikes.find((one) => one.number === number)?.fate;
  if (fate?.startsWith('caller dies')) simulation.after(1_000, () => simulation.startEngine());
  return fate;
}

function hasEnded(simulation: Simulation, name: string): boolean {
  const run = simulation.get(RUNS, name);
  return run === undefined || isRunFinal(statusOf(run));
}

/** Notes the runs that have started since, and complains of those that overtook an older run that had said it waits. */
function noteStarts(simulation: Simulation, started: string[], waiting: Map<string, KubeObject>): readonly string[] {
  // A nested run shares the place of its parent, so it overtakes nobody.
  const runs = listRuns(simulation).filter(({ metadata }) => metadata.ownerReferences === undefined);
  const isNew = (run: KubeObject) => statusOf(run).runId !== undefined && !started.includes(run.metadata.name);
  const complaints = runs.filter(isNew).flatMap((run) => {
    started.push(run.metadata.name);
    const overtaken = [...waiting.values()].filter((other) => precedes(other.metadata, run.metadata));
    return overtaken.map(({ metadata }) => `${run.metadata.name} starts before ${metadata.name}`);
  });
  waiting.clear();
  for (const run of runs) if (isWaiting(run)) waiting.set(run.metadata.name, run);
  return complaints;
}

/** Whether a run says that it waits, and nobody cancels or suspends it. */
function isWaiting(run: KubeObject): boolean {
  const { annotations = {}, deletionTimestamp } = run.metadata;
  const isKept = annotations[Annotation.Cancel] !== undefined || annotations[Annotation.Suspend] === 'true';
  return (
    !isKept &&
    deletionTimestamp === undefined &&
    statusOf(run).conditions.some(({ type, reason }) => type === 'Progressing' && reason === 'Queued')
  );
}

function listRuns({ model }: Simulation): readonly KubeObject[] {
  return model.all().filter(({ kind }) => kind === RUNS.kind);
}

function listLeases({ model }: Simulation): readonly KubeObject[] {
  return model.all().filter(({ kind }) => kind === LEASES.kind);
}

/** The runs of an Orchestration that work: they have started, and they or their children have not ended. */
export function listAtWork({ model }: Simulation, orchestration: string): readonly string[] {
  const all = model.all();
  const isOwned = (uid: string | undefined) => (object: KubeObject) =>
    object.kind !== REVISIONS.kind &&
    object.kind !== LEASES.kind &&
    object.metadata.ownerReferences?.some((owner) => owner.uid === uid) === true &&
    !isRunFinal(statusOf(object));
  return all.flatMap((run) => {
    if (run.kind !== RUNS.kind || Object(run['spec']).orchestrationRef.name !== orchestration) return [];
    const { runId } = statusOf(run);
    const isAtWork = runId !== undefined && (!isRunFinal(statusOf(run)) || all.some(isOwned(run.metadata.uid)));
    return isAtWork ? [run.metadata.name] : [];
  });
}

/** What must hold at any time. */
function complain(simulation: Simulation, { orchestrations, max }: Competition): readonly string[] {
  const working = Object.keys(orchestrations)
    .flatMap((name) => listAtWork(simulation, name))
    .filter((name) => simulation.get(RUNS, name)?.metadata.ownerReferences === undefined);
  return working.length > max ? [`${working.join()} work at once`] : [];
}

function describe(simulation: Simulation): string {
  return listRuns(simulation)
    .map((run) => `${run.metadata.name} ${phaseOf(run)} ${JSON.stringify(statusOf(run).conditions.at(0)?.message)}`)
    .join('; ');
}
