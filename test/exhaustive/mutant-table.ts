import { placeMutants } from './mutants-of-places.ts';
import { rerunMutants } from './mutants-of-reruns.ts';
import { runIfMutants } from './mutants-of-run-if.ts';
import type { Mutant } from './mutate.ts';

const STEPS = 'src/reconciler/plan-steps.ts';
const EXECUTE = 'src/reconciler/execute.ts';
const DRAFT = 'src/reconciler/draft.ts';
const START = 'src/reconciler/start.ts';
const ENDING = 'src/reconciler/ending.ts';
const OUTCOMES = 'src/reconciler/outcomes.ts';
const CHILDREN = 'src/reconciler/children.ts';
const ATTEMPTS = 'src/reconciler/attempts.ts';
const DEADLINES = 'src/reconciler/deadlines.ts';
const DEPENDENCIES = 'src/reconciler/start-rules/dependencies.ts';
const MAX_PARALLEL = 'src/reconciler/start-rules/max-parallel.ts';
const SUSPEND = 'src/reconciler/start-rules/suspend.ts';
const OUTCOME = 'src/orchestration/kinds/outcome.ts';
const GATE = 'src/orchestration/kinds/approval-gate.ts';
const STATUS = 'src/orchestration/run-status.ts';
const SUMMARY = 'src/reconciler/summary.ts';

export const mutants: readonly Mutant[] = [
  ...runIfMutants,
  ...rerunMutants,
  ...placeMutants,
  {
    name: 'children are created before the intent is recorded',
    changes: [
      [
        STEPS,
        '    ...(creates.length > 0 ? [patch(run, status)] : patchIfChanged(run, status)),\n',
        '    ...creates,\n    ...(creates.length > 0 ? [patch(run, status)] : patchIfChanged(run, status)),\n',
      ],
      [
        STEPS,
        '    ...limitFinished(observation, statuses),\n    ...creates,\n',
        '    ...limitFinished(observation, statuses),\n',
      ],
    ],
  },
  {
    name: 'children of an earlier intent are created on an unproven view',
    changes: [
      [
        STEPS,
        'creates.length > 0 ? [patch(run, status)] : patchIfChanged',
        'creates.length < 0 ? [patch(run, status)] : patchIfChanged',
      ],
    ],
  },
  {
    name: 'children are deleted before that is recorded',
    changes: [
      [
        STEPS,
        '  const creates = createMissing(observation, statuses);\n  return [\n',
        '  const creates = createMissing(observation, statuses);\n  return [\n    ...deleteUnwanted(observation, statuses),\n',
      ],
      [
        STEPS,
        '    ...(isRunFinal(status) ? deleteAll(observation, status) : deleteUnwanted(observation, statuses)),\n    ...limit',
        '    ...limit',
      ],
    ],
  },
  {
    name: 'a child is known by its name and owner, whatever its uid',
    changes: [
      [
        ATTEMPTS,
        'return (uidOf(observation, status) ?? child?.metadata.uid) === child?.metadata.uid ? child : undefined;',
        'return child;',
      ],
    ],
  },
  {
    name: 'a child is known by its name, whoever owns it',
    changes: [[ATTEMPTS, 'child !== undefined && isControlledBy(child, run.uid) ?', 'child !== undefined ?']],
  },
  {
    name: 'a retry does not wait for the old child',
    changes: [[START, 'if (findUnwanted(observation, status) === undefined && mayStart(', 'if (mayStart(']],
  },
  {
    name: 'an attempt times out whose child nobody has seen',
    changes: [
      [DEADLINES, 'if (child === undefined && findUnseen(observation, status) === undefined) return undefined;', ''],
    ],
  },
  {
    name: 'a timeout counts from the intent, not from the child',
    changes: [
      [
        DEADLINES,
        'Math.max(Math.min(intendedMs, createdMs + 1000), createdMs)',
        'Math.min(intendedMs, createdMs + 1000)',
      ],
    ],
  },
  {
    name: 'a child that has not started uses up its time',
    changes: [
      [
        DEADLINES,
        'if (child !== undefined && isUnstarted(observation.kinds, step, child)) {\n    const why',
        'if (nowMs < 0) {\n    const why',
      ],
    ],
  },
  {
    name: 'a timed-out child takes no room',
    changes: [[MAX_PARALLEL, ' || findUnwanted(observation, status) !== undefined;', ';']],
  },
  { name: 'room is not used up within a pass', changes: [[MAX_PARALLEL, "if ('spec' in child) room -= 1;", '']] },
  {
    name: 'skips are not handed on',
    changes: [[START, 'for (const index of draft.order) if', 'for (const index of [...draft.order].reverse()) if']],
  },
  {
    name: 'skips wait until the run goes on',
    changes: [
      [EXECUTE, '  recordOutcomes(pass);\n  skipDependents(pass);', '  recordOutcomes(pass);'],
      [EXECUTE, '  timeOutAttempts(pass);\n  skipDependents(pass);', '  timeOutAttempts(pass);'],
    ],
  },
  {
    name: 'one satisfied dependency is enough',
    changes: [
      [
        DEPENDENCIES,
        'return dependenciesOf(index).every(',
        'return dependenciesOf(index).length === 0 || dependenciesOf(index).some(',
      ],
    ],
  },
  {
    name: 'a skipped step satisfies',
    changes: [
      [
        STATUS,
        "return phase === 'Succeeded' || (phase === 'Failed' && ignored === true) ||",
        "return phase === 'Succeeded' || phase === 'Skipped' || (phase === 'Failed' && ignored === true) ||",
      ],
    ],
  },
  {
    name: 'every failure is tolerated',
    changes: [[OUTCOMES, 'step.continueOnFailure === true && { ignored: true }', '{ ignored: true }']],
  },
  {
    name: 'no failure is tolerated',
    changes: [[OUTCOMES, 'step.continueOnFailure === true && { ignored: true }', '{}']],
  },
  { name: 'a final step changes', changes: [[DRAFT, '    if (isStepFinal(before)) return;\n', '']] },
  { name: 'a retry too many', changes: [[OUTCOMES, 'attempt <= retriesOf(', 'attempt <= 1 + retriesOf(']] },
  { name: 'a retry too few', changes: [[OUTCOMES, 'attempt <= retriesOf(', 'attempt < retriesOf(']] },
  {
    name: 'a retry does not pause',
    changes: [[START, " || nowMs < Date.parse(status.nextRetryAt ?? '')) continue;", ') continue;']],
  },
  {
    name: 'a cancelled child is retried',
    changes: [[OUTCOME, 'StepReason.ChildCancelled, message, isFinal: true }', 'StepReason.ChildCancelled, message }']],
  },
  {
    name: 'every attempt has the same child',
    changes: [[START, 'nameChild(run, name, attempt)', 'nameChild(run, name, 1)']],
  },
  {
    name: 'the child of an intent is forgotten after a crash',
    changes: [
      [
        CHILDREN,
        'children.has(status.resourceRef.name) ||',
        'children.has(status.resourceRef.name) || run.status.stepStatuses.some((old) => old.resourceRef?.name === status.resourceRef.name) ||',
      ],
    ],
  },
  {
    name: 'a child that is gone is waited for',
    changes: [[ATTEMPTS, 'if (resourceRef?.uid !== undefined || created.has(name))', "if (resourceRef?.uid === 'x')"]],
  },
  {
    name: 'a child that is gone is created again',
    changes: [
      [ATTEMPTS, 'if (resourceRef?.uid !== undefined || created.has(name))', "if (resourceRef?.uid === 'x')"],
      [CHILDREN, ' || status.resourceRef.uid !== undefined) return [];', ') return [];'],
    ],
  },
  {
    name: 'cancel does not end what waits',
    changes: [
      [
        EXECUTE,
        'if (!isCleanup || isOver) draft.change(',
        "if (status.phase === 'Pending' && ending.reason === 'RunCancelled') continue;\n    if (!isCleanup || isOver) draft.change(",
      ],
    ],
  },
  {
    name: 'cancel comes before outcomes',
    changes: [
      [EXECUTE, '  recordOutcomes(pass);\n  skip', '  if (!observation.run.isCancelled) recordOutcomes(pass);\n  skip'],
    ],
  },
  {
    name: 'the deadline comes before cancel',
    changes: [
      [
        ENDING,
        'if (run.isCancelled) return',
        'if (run.isCancelled && nowMs < runDeadline(run, orchestration, nowMs)) return',
      ],
    ],
  },
  {
    name: 'a suspended run starts steps',
    changes: [[SUSPEND, 'observation.run.isSuspended && ending === undefined ? wait() : START', 'START']],
  },
  {
    name: 'a suspended run creates what was intended',
    changes: [[CHILDREN, ' || (run.isSuspended && !isEnding(run))) return [];', ') return [];']],
  },
  {
    name: 'a finished run leaves its children',
    changes: [[STEPS, '    ...deleteAll(observation, status),\n', '']],
  },
  {
    name: 'unwanted children are left',
    changes: [
      [
        STEPS,
        '    ...(isRunFinal(status) ? deleteAll(observation, status) : deleteUnwanted(observation, statuses)),\n    ...limit',
        '    ...limit',
      ],
    ],
  },
  {
    name: 'a cancel deletes what had ended',
    changes: [
      [
        CHILDREN,
        'return status.reason === StepReason.StepTimedOut || !hasEnded(child, observation.kinds) ? child : undefined',
        'return child',
      ],
    ],
  },
  {
    name: 'the run fails with its first step',
    changes: [
      [
        SUMMARY,
        'if (!statuses.every(isStepFinal)) return',
        "if (!statuses.every(isStepFinal) && !statuses.some(({ phase, ignored }) => phase === 'Failed' && ignored !== true)) return",
      ],
    ],
  },
  {
    name: 'tolerated failures fail the run',
    changes: [
      [SUMMARY, "phase === 'Failed' && ignored !== true);\n  if (failed", "phase === 'Failed');\n  if (failed"],
    ],
  },
  {
    name: 'a lost snapshot is taken anew',
    changes: [
      [
        'src/reconciler/plan.ts',
        'return run.status.runId === undefined',
        "return run.status.runId === undefined || observation.orchestration.state !== 'Snapshotted'",
      ],
    ],
  },
  {
    name: 'children are created last first',
    changes: [[STEPS, '    ...creates,\n', '    ...creates.toReversed(),\n']],
  },
  {
    name: 'Ready opens a gate whatever the policy',
    changes: [[GATE, "approvesByDefault(policy['spec']) ? [...OPENING, READY] : OPENING", '[...OPENING, READY]']],
  },
  {
    name: 'new steps come before retries',
    changes: [
      [
        START,
        '  retrySteps(pass, ofRetries);\n  startSteps(pass, beforeOthers, inTurn);',
        '  startSteps(pass, beforeOthers, inTurn);\n  retrySteps(pass, ofRetries);',
      ],
    ],
  },
  {
    name: 'the status is written wherever it is',
    changes: [
      ['test/support/model/engine.ts', '{ uid: run.uid, resourceVersion: run.resourceVersion }', '{ uid: run.uid }'],
    ],
  },
];
