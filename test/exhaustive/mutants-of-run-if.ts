import type { Mutant } from './mutate.ts';

const STEPS = 'src/reconciler/plan-steps.ts';
const EXECUTE = 'src/reconciler/execute.ts';
const START = 'src/reconciler/start.ts';
const ENDING = 'src/reconciler/ending.ts';
const OUTCOMES = 'src/reconciler/outcomes.ts';
const CHILDREN = 'src/reconciler/children.ts';
const DEPENDENCIES = 'src/reconciler/start-rules/dependencies.ts';
const WHEN = 'src/reconciler/start-rules/when.ts';
const TABLE = 'src/reconciler/start-rules/table.ts';
const SUSPEND = 'src/reconciler/start-rules/suspend.ts';
const STATUS = 'src/orchestration/run-status.ts';
const SUMMARY = 'src/reconciler/summary.ts';

/** What breaks `runIf`, conditions, and the cleanup of runs that end before their steps do. */
export const runIfMutants: readonly Mutant[] = [
  {
    name: 'runIf: Failed needs no failure',
    changes: [[DEPENDENCIES, "return runIf === 'Always' ||", "return runIf !== 'Succeeded' ||"]],
  },
  {
    name: 'a cleanup waits only for what it depends on',
    changes: [[DEPENDENCIES, ' && before.every((end) => end.isOver);', ';']],
  },
  {
    name: 'a cleanup does not wait until children are gone',
    changes: [
      [
        DEPENDENCIES,
        'const isOver = findUnwanted(observation, status) === undefined && before',
        'const isOver = before',
      ],
    ],
  },
  {
    name: 'a cleanup starts beside a child that nobody has seen',
    changes: [
      [
        'test/support/model/engine.ts',
        "awaitsCleanup && ['RunCancelled', 'RunTimedOut'].includes(step.reason ?? '')",
        'awaitsCleanup && false',
      ],
    ],
  },
  {
    name: 'a step that ran after a failure hides it',
    changes: [[DEPENDENCIES, "runIfOf(step) === 'Succeeded' ? { isOver } : { isOver, cause: earlier }", '{ isOver }']],
  },
  { name: 'a skip behind a skip names the skip', changes: [[DEPENDENCIES, '? (earlier ?? own) : own', '? own : own']] },
  { name: 'a neutral skip fails its dependents', changes: [[STATUS, ' || isNeutral(status);', ';']] },
  {
    name: 'a cancel ends the cleanup',
    changes: [[EXECUTE, 'if (!isCleanup || isOver) draft', 'if (isCleanup === isCleanup) draft']],
  },
  {
    name: 'a cancel with now lets the cleanup run',
    changes: [[EXECUTE, 'const isOver = isCancelledNow || nowMs', 'const isOver = nowMs']],
  },
  {
    name: 'a cleanup may take any time',
    changes: [[EXECUTE, 'const isOver = isCancelledNow || nowMs >= ending.dueMs;', 'const isOver = isCancelledNow;']],
  },
  {
    name: 'the time for the cleanup starts anew with each decision',
    changes: [
      [
        ENDING,
        'recorded === undefined ? nowMs : boundTime(recorded.lastTransitionTime, run.creationTimestamp, nowMs)',
        'nowMs',
      ],
    ],
  },
  {
    name: 'the cleanup begins before the end of the run is recorded',
    changes: [[EXECUTE, 'if (ending === undefined || ending.isRecorded) continueSteps', 'continueSteps']],
  },
  {
    name: 'a cancel that is taken back is forgotten',
    changes: [
      [
        ENDING,
        'const recorded = findCleanup(run.status);',
        'const recorded = run.isCancelled ? findCleanup(run.status) : undefined;',
      ],
    ],
  },
  {
    name: 'a cancel during the cleanup changes the end of the run',
    changes: [[ENDING, 'recorded === undefined ? findDue(', 'recorded === undefined || run.isCancelled ? findDue(']],
  },
  {
    name: 'the cleanup decides how the run ends',
    changes: [
      [
        SUMMARY,
        'if (ending?.isRecorded) return',
        "if (ending?.reason === 'RunTimedOut' && statuses.length > 9) return",
      ],
    ],
  },
  {
    name: 'a cleanup that is over is recorded as going on',
    changes: [[SUMMARY, "status: isRunFinal({ phase }) ? 'False' : 'True', reason", "status: 'True', reason"]],
  },
  {
    name: 'a suspended run holds its cleanup',
    changes: [[SUSPEND, 'observation.run.isSuspended && ending === undefined ?', 'observation.run.isSuspended ?']],
  },
  {
    name: 'a suspended run does not create its cleanup',
    changes: [[CHILDREN, '(run.isSuspended && !isEnding(run))', 'run.isSuspended']],
  },
  {
    name: 'nested runs do not clean up',
    changes: [
      [EXECUTE, 'const isCleanup = isAlways || mustCleanUp(observation, status);', 'const isCleanup = isAlways;'],
    ],
  },
  {
    name: 'nested runs are not asked to end',
    changes: [[STEPS, '    ...cancelChildren(observation, statuses),\n', '']],
  },
  {
    name: 'a nested run that times out does not clean up',
    changes: [[OUTCOMES, 'if (mustCleanUp(observation, status) && nowMs <', 'if (nowMs < 0 && nowMs <']],
  },
  {
    name: 'a nested run that cleaned up fails its step in its own words',
    changes: [[OUTCOMES, 'if (status.reason === StepReason.CleaningUp) endCleaned(pass, index);\n  else', '']],
  },
  { name: 'a false condition does not matter', changes: [[WHEN, 'judged.value === true ?', 'judged.value !== 1 ?']] },
  {
    name: 'a false condition fails its step',
    changes: [[WHEN, 'skip(StepReason.ConditionFalse, `when', 'fail(StepReason.ConditionFailed, `when']],
  },
  {
    name: 'a condition that fails counts as false',
    changes: [[WHEN, 'return fail(StepReason.ConditionFailed,', 'return skip(StepReason.ConditionFalse,']],
  },
  {
    name: 'a condition that fails is retried',
    changes: [
      [
        START,
        'endAttempt(pass, index, verdict.reason, verdict.message, true)',
        'endAttempt(pass, index, verdict.reason, verdict.message)',
      ],
    ],
  },
  {
    name: 'a suspended run judges conditions',
    changes: [[TABLE, '[dependencies, suspend, when,', '[dependencies, when, suspend,']],
  },
];
