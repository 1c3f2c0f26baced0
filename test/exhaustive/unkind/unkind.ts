import { isRunFinal } from '../../../src/orchestration/run-status.ts';
import { NAMESPACE, RUNS, TOOL_RUNS } from '../../support/model/engine.ts';
import type { OnItsWay } from '../../support/model/network.ts';
import { createSimulation, DELIVERIES, type Simulation } from '../../support/model/simulation.ts';
import { complainOfCall, complainOfForgedChildren, complainOfHistory, statusOf } from './checks.ts';
import type { Disturbance } from './disturbances.ts';
import type { Story } from './stories.ts';

/** A disturbance, and the number of the call at which it strikes. */
export interface Strike {
  readonly disturbance: Disturbance;
  readonly number: number;
}

/** How a history went. */
export interface Told {
  readonly complaints: readonly string[];
  readonly calls: number;
  /** How many of the strikes met a call that they concern. */
  readonly struck: number;
}

const MINUTE_MS = 60_000;
/** Longer than any obstacle, any time-out and the longest pause between two tries. */
const PATIENCE_MS = 80 * MINUTE_MS;
/** The most calls of a history: a run that waits tries ever less often. */
const MOST_CALLS = 600;
/** How long a cancel may take while its obstacle is still there. */
const CANCEL_MS = 5 * MINUTE_MS;

/** Plays a story with these strikes, and tells what was wrong. */
export async function tell(story: Story, strikes: readonly Strike[]): Promise<Told> {
  const complaints: string[] = [];
  const struck: Disturbance[] = [];
  let struckAtMs = 0;
  const simulation = createSimulation({
    ...story,
    decide(call, now) {
      complaints.push(...complainOfCall(now, call, struck.some(isForgery)));
      const strike = strikes.find((one) => one.number === call.number && isConcerned(one, call));
      if (strike === undefined || now.get(RUNS, 'main') === undefined) return undefined;
      struck.push(strike.disturbance);
      struckAtMs = now.nowMs();
      return strike.disturbance.strike(now, call);
    },
  });
  furnish(simulation);
  simulation.startEngine(strikes.find(({ disturbance }) => disturbance.aheadMs !== undefined)?.disturbance.aheadMs);
  simulation.createRun('main', 'main');
  const hasEnded = await simulation.until(() => isOver(simulation), PATIENCE_MS);
  const endedAtMs = simulation.nowMs();
  await simulation.pass(15 * MINUTE_MS); // time to delete what has to go, even if it cannot be read for ten minutes
  const leaves = struck.map((disturbance) => disturbance.leaves);
  if (!hasEnded) complaints.push(`after 80 minutes the run has not ended: ${describeEnds(simulation)}`);
  else if (leaves.includes('cancelled') && endedAtMs - struckAtMs > CANCEL_MS)
    complaints.push(`a cancel took ${Math.round((endedAtMs - struckAtMs) / 1000)} s`);
  else complaints.push(...complainOfEnd(simulation, story, leaves));
  // A child that somebody made in place of ours counts as a create too.
  const isForged = struck.some(({ leaves: left }) => left === 'anything' || left === 'taken');
  complaints.push(...complainOfHistory(simulation, isForged));
  if (simulation.calls.length > MOST_CALLS) complaints.push(`${simulation.calls.length} calls`);
  simulation.killEngine();
  return { complaints: [...new Set(complaints)], calls: simulation.calls.length, struck: struck.length };
}

const isForgery = ({ leaves }: Disturbance) => leaves === 'anything';

function isConcerned({ disturbance: { concerns = () => true } }: Strike, call: OnItsWay): boolean {
  return concerns(call);
}

function isOver(simulation: Simulation): boolean {
  const run = simulation.get(RUNS, 'main');
  return run === undefined || isRunFinal(statusOf(run));
}

/** What the run waits for, and what is somebody else's. */
function furnish({ change }: Simulation): void {
  change((model) => {
    const metadata = { name: 'go', namespace: NAMESPACE };
    const apiVersion = 'signals.proompteng.ai/v1alpha1';
    model.create(DELIVERIES, { apiVersion, kind: 'SignalDelivery', metadata, spec: { deliveryId: 'go' } });
    const victim = { name: 'victim', namespace: NAMESPACE };
    model.create(TOOL_RUNS, {
      apiVersion: 'tools.proompteng.ai/v1alpha1',
      kind: 'ToolRun',
      metadata: victim,
      spec: {},
    });
  });
}

function describeEnds(simulation: Simulation): string {
  const { stepStatuses } = statusOf(simulation.get(RUNS, 'main'));
  return stepStatuses.map(({ name, phase, reason }) => `${name} ${phase} ${reason}`).join(', ');
}

/** A run that somebody cancels or disturbs at the last moment may end as if undisturbed. */
function complainOfEnd(
  simulation: Simulation,
  { ends, isTimed = false }: Story,
  leaves: readonly Disturbance['leaves'][],
): string[] {
  const run = simulation.get(RUNS, 'main');
  if (leaves.includes('gone')) return run === undefined ? [] : ['the run that was deleted is still there'];
  const waits = leaves.filter((leaving) => leaving === 'nothing if brief').length;
  if (leaves.includes('anything') || waits > (isTimed ? 0 : 1)) return [];
  const { phase } = statusOf(run);
  if (leaves.includes('taken')) return complainOfForgedChildren(simulation);
  const isSame = describeEnds(simulation) === ends.join(', ');
  const isCancelled = leaves.includes('cancelled') && phase === 'Cancelled';
  return isSame || isCancelled ? [] : [`the run is ${phase}: ${describeEnds(simulation)}`];
}

/** All that was told, up to the first complaint. */
export interface Tellings {
  readonly histories: number;
  readonly calls: number;
  /** The first complaint, with what led to it. */
  readonly violation?: string;
}

/**
 * Tells a story with every disturbance at every call; and, with `deaths`, once more with each of these that is no forgery
 * and then a death of the engine at each of the calls that follow.
 */
export async function tellAll(
  story: Story,
  disturbances: readonly Disturbance[],
  deaths?: Disturbance,
): Promise<Tellings> {
  const total = { histories: 0, calls: 0 };
  const clean = await tell(story, []);
  const strikes = Array.from({ length: clean.calls }, (_, index) => index + 1).flatMap((number) =>
    disturbances.map((disturbance): Strike => ({ disturbance, number })),
  );
  const due: (readonly Strike[])[] = [[], ...strikes.map((strike) => [strike])];
  for (let next = due.shift(); next !== undefined; next = due.shift()) {
    const told = await tell(story, next);
    total.histories += 1;
    total.calls += told.calls;
    if (told.complaints.length > 0) return { ...total, violation: explain(story, next, told.complaints) };
    const [first, ...others] = next;
    if (deaths === undefined || first === undefined || others.length > 0 || told.struck === 0) continue;
    if (isForgery(first.disturbance)) continue;
    const last = Math.min(told.calls, first.number + FOLLOWED);
    for (let number = first.number + 1; number <= last; number++) due.push([first, { disturbance: deaths, number }]);
  }
  return total;
}

/** How many calls later a death is tried: a later one meets another part of the story, where it is also tried alone. */
const FOLLOWED = 8;

function explain({ title }: Story, strikes: readonly Strike[], complaints: readonly string[]): string {
  const what = strikes.map(({ number, disturbance }) => `at call ${number}: ${disturbance.title}`);
  return [title, ...what, ...complaints].join('\n  ');
}
