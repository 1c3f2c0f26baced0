import type { Orchestration } from '../../src/orchestration/decode.ts';
import { isRunFinal, type RunStatus, type StepStatus } from '../../src/orchestration/run-status.ts';
import { isHeld } from '../../src/reconciler/finalizer.ts';
import { attemptOf, type Moment, phaseOf } from '../support/model/engine.ts';
import { naiveEdges } from '../support/oracle.ts';
import * as attempts from './invariants/attempts.ts';
import * as cleanup from './invariants/cleanup.ts';
import * as gates from './invariants/gates.ts';
import * as graph from './invariants/graph.ts';
import { type Check, type Created, changesOf, type Facts, hasEnded, said } from './invariants/moment.ts';
import * as run from './invariants/run.ts';

type Child = Parameters<typeof isHeld>[0];

interface Invariant {
  /** I-3.n stands for chapter n of docs/reference/semantics.md. */
  readonly id: string;
  readonly sentence: string;
  readonly check: Check;
}

/**
 * The semantics, written a second time in the most direct way: what must hold at every moment of a run, derived from
 * that moment and the facts alone.
 */
const invariants: readonly Invariant[] = [
  { id: 'I-1', sentence: 'no attempt is created twice', check: attempts.isCreatedOnce },
  { id: 'I-2', sentence: 'a child is released only when its end is recorded', check: attempts.isRecordedFirst },
  { id: 'I-3.1', sentence: 'a step starts only when its runIf lets it', check: graph.startsSatisfied },
  {
    id: 'I-3.2',
    sentence: 'if no step declares dependsOn, each step waits for the one before it',
    check: graph.followsSequence,
  },
  { id: 'I-3.3', sentence: 'ready steps start in declaration order', check: graph.issuesInOrder },
  { id: 'I-3.4', sentence: 'descendants of a failure are skipped at once, with the cause', check: graph.skipsAtOnce },
  { id: 'I-3.5', sentence: 'steps that can continue do, and a run ends only when none can', check: graph.goesOn },
  { id: 'I-3.6', sentence: 'the phase of the run follows from its steps', check: graph.endsAsSteps },
  {
    id: 'I-3.7',
    sentence: 'a failed attempt is retried as often and as late as declared',
    check: attempts.retriesAsTold,
  },
  {
    id: 'I-3.8',
    sentence: 'a timeout is recorded, the child is deleted, the next attempt starts',
    check: attempts.timesOutInOrder,
  },
  { id: 'I-3.9', sentence: 'a run follows its snapshot', check: run.followsSnapshot },
  {
    id: 'I-3.10',
    sentence: 'nothing new but a cleanup starts in a cancelled run, nothing in a suspended one',
    check: run.obeysCancelAndSuspend,
  },
  { id: 'I-3.11', sentence: 'terminal is final, no phase moves back, attempts only rise', check: run.onlyRises },
  { id: 'I-3.12', sentence: 'ancestry may not repeat and is at most 10 deep', check: run.staysShallow },
  { id: 'I-3.13', sentence: 'at most maxParallel children run', check: attempts.staysWithinLimit },
  {
    id: 'I-3.14',
    sentence: 'outcomes, end, cancel, deadline, timeouts, retries, new steps',
    check: attempts.appliesInOrder,
  },
  { id: 'I-neutral', sentence: 'runIf: Failed without a failure is skipped, neutrally', check: graph.skipsNeutrally },
  { id: 'I-when', sentence: 'a condition is judged when its step would start', check: graph.obeysConditions },
  { id: 'I-cleanup-1', sentence: 'a run that ends early ends all but its cleanup', check: cleanup.endsButCleanup },
  { id: 'I-cleanup-2', sentence: 'CleaningUp records the end that the run takes', check: cleanup.recordsEnding },
  { id: 'I-cleanup-3', sentence: 'nested runs that clean up are asked to end', check: cleanup.asksNestedRuns },
  {
    id: 'I-gates',
    sentence: 'an ApprovalGate opens on approval, and on Ready only if its policy needs no decision',
    check: gates.obeysPolicy,
  },
];

export function factsOf({ steps, policies }: Pick<Orchestration, 'steps' | 'policies'>): Facts {
  return { steps, policies, edges: naiveEdges(steps) };
}

/** Returns every violation in a moment, each with the sentence that it breaks. */
export function violationsOf(moment: Moment, facts: Facts): string[] {
  const changes = changesOf(moment, facts);
  return invariants.flatMap(({ id, sentence, check }) => {
    const details = check(moment, facts, changes).filter((detail) => detail !== '');
    return details.map((detail) => `${id} (${sentence}): ${detail}`);
  });
}

/**
 * Returns every violation of what must hold when nothing more happens: the run is over, each step ended as its last
 * child did, and no child runs.
 */
export function violationsAtEnd(status: RunStatus, children: readonly Created['child'][]): string[] {
  const childOf = ({ resourceRef, attempt }: StepStatus) =>
    children.find((child) => child.metadata.name === resourceRef?.name && attemptOf(child) === attempt);
  return [
    said(!isRunFinal(status), `at the end the run is ${status.phase}`),
    ...children
      .filter((child) => isHeld(child as Child))
      .map(({ metadata }) => `at the end ${metadata.name} is still held`),
    ...children.filter((child) => !hasEnded(child)).map(({ metadata }) => `at the end ${metadata.name} still runs`),
    ...status.stepStatuses.map((step) => {
      const child = childOf(step);
      const followsChild = child !== undefined && (step.phase === 'Succeeded' || step.reason === 'ChildFailed');
      return said(
        followsChild && phaseOf(child) !== step.phase,
        `at the end ${step.name} is ${step.phase}, its child is not`,
      );
    }),
  ].filter((detail) => detail !== '');
}
