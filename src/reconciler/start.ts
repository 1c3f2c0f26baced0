import { StepReason } from '../orchestration/vocabulary/step-reasons.ts';
import { findUnwanted } from './children.ts';
import { endAttempt, recordOutcome } from './outcomes.ts';
import { type Pass, stepAt } from './pass.ts';
import { dependencies } from './start-rules/dependencies.ts';
import { START, type StartRule, type Verdict } from './start-rules/rule.ts';
import { startRules } from './start-rules/table.ts';

type Judge = ReturnType<StartRule['prepare']>;

/**
 * Skips every step that depends, directly or indirectly, on a step that ended unsatisfied, even if nothing may start
 * now.
 */
export function skipDependents(pass: Pass): void {
  const judges = [dependencies.prepare(pass)];
  for (const index of listPending(pass)) mayStart(pass, index, judges);
}

/**
 * Starts the attempts that the rules allow, in three groups. Retries come first. Then come steps that need no child,
 * because one of them may end at once and make others ready. Children come last, in declaration order. Linear: each
 * rule judges each step once.
 */
export function startAttempts(pass: Pass, rules = startRules): void {
  const all = rules.map((rule) => ({ ...rule, judge: rule.prepare(pass) }));
  const judgesOf = (isAmong: (rule: StartRule) => boolean) => all.filter(isAmong).map(({ judge }) => judge);
  const ofRetries = judgesOf(({ judges }) => judges === 'EachAttempt');
  const beforeOthers = judgesOf(({ order }) => order === 'Dependencies');
  const inTurn = judgesOf(({ order }) => order === 'Starts');
  retrySteps(pass, ofRetries);
  startSteps(pass, beforeOthers, inTurn);
}

/**
 * Starts retries that are due. A child that timed out must be gone before the next attempt starts, or two would run at
 * once.
 */
function retrySteps(pass: Pass, judges: readonly Judge[]): void {
  const { draft, nowMs, observation } = pass;
  for (const [index, status] of draft.statuses.entries()) {
    if (status.phase !== 'Retrying' || nowMs < Date.parse(status.nextRetryAt ?? '')) continue;
    if (findUnwanted(observation, status) === undefined && mayStart(pass, index, judges)) startAttempt(pass, index);
  }
}

function startSteps(pass: Pass, beforeOthers: readonly Judge[], inTurn: readonly Judge[]): void {
  const children: number[] = [];
  const startInTurn = (index: number) => {
    if (mayStart(pass, index, inTurn)) startAttempt(pass, index);
  };
  for (const index of listPending(pass)) {
    if (!mayStart(pass, index, beforeOthers)) continue;
    const child = pass.childOf(index);
    if (child !== undefined && 'spec' in child) children.push(index);
    else startInTurn(index);
  }
  for (const index of children.sort((left, right) => left - right)) startInTurn(index);
}

/** The steps without an attempt, each after all of its dependencies. */
function* listPending({ draft }: Pass): Generator<number> {
  for (const index of draft.order) if (draft.statuses[index]?.phase === 'Pending') yield index;
}

/** Whether all rules let an attempt start. Otherwise records the verdict of the first rule that does not. */
function mayStart(pass: Pass, index: number, judges: readonly Judge[]): boolean {
  const { draft } = pass;
  const verdict = decide(judges, index);
  if (verdict.type === 'Skip')
    draft.change(index, { phase: 'Skipped', reason: verdict.reason, message: verdict.message });
  if (verdict.type === 'Fail') endAttempt(pass, index, verdict.reason, verdict.message, true);
  if (verdict.type === 'Wait' && verdict.message !== undefined) draft.change(index, { message: verdict.message });
  return verdict.type === 'Start';
}

function decide(judges: readonly Judge[], index: number): Verdict {
  for (const judge of judges) {
    const verdict = judge(index);
    if (verdict.type !== 'Start') return verdict;
  }
  return START;
}

/** Records the intent of an attempt. An attempt without a child also gets its outcome if it has one at once. */
function startAttempt(pass: Pass, index: number): void {
  const { draft, now, nameChild, observation } = pass;
  const { name, attempt: before } = stepAt(pass, index).status;
  const attempt = before + 1;
  const child = pass.childOf(index);
  draft.change(index, { phase: 'Running', reason: StepReason.Started, message: '', attempt, startedAt: now });
  if (child === undefined) {
    recordOutcome(pass, index);
    return;
  }
  if ('refusal' in child) {
    endAttempt(pass, index, StepReason.InvalidStep, child.refusal, true);
    return;
  }
  const { apiVersion, kind } = child.kind;
  const { run } = observation;
  const ref = { apiVersion, kind, name: nameChild(run, name, attempt), namespace: run.namespace };
  draft.change(index, { resourceRef: ref });
}
