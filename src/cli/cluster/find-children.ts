import { asRecord, decodeOrchestration } from '../../orchestration/decode.ts';
import { formatPath, type Path } from '../../orchestration/problem.ts';
import type { Step } from '../../orchestration/schema.ts';
import { type ChildVerdict, describeUnchecked } from './child-verdict.ts';
import { judgeChildren } from './children.ts';
import { type Finding, type FindMore, FOREIGN_WARNING, readPath } from './judge.ts';

const CHILD_DENIED = 'ChildWouldBeDenied';

/**
 * Finds what the API server objects to in the children of an Orchestration. Passes what could not be checked to `note`.
 */
export function findInChildren(note: (sentence: string) => void): FindMore {
  return async ({ kind, value }, cluster, before) => {
    if (kind !== 'Orchestration') return before;
    const { orchestration } = decodeOrchestration(value);
    const verdicts = await judgeChildren(orchestration, cluster);
    for (const sentence of describeUnchecked(verdicts)) note(`Orchestration "${orchestration.name}": ${sentence}`);
    return [
      ...withoutGuesses(before, verdicts),
      ...verdicts.flatMap((verdict) => readVerdict(verdict, orchestration.steps[verdict.index])),
    ];
  };
}

/**
 * Removes the findings with which the gate predicts what the API server would deny, if the API server has judged that
 * child: then only its own verdict counts.
 */
function withoutGuesses(findings: readonly Finding[], verdicts: readonly ChildVerdict[]): readonly Finding[] {
  const isAsked = ({ verdict }: ChildVerdict) => verdict === 'Accepted' || verdict === 'Denied';
  const asked = new Set<unknown>(verdicts.filter(isAsked).map(({ index }) => index));
  return findings.filter(
    ({ code, message, field }) =>
      code !== CHILD_DENIED || !message.startsWith('the API server ') || !asked.has(readPath(field)[2]),
  );
}

/** Converts what is said about a child to findings about the fields of the step that the child's fields come from. */
function readVerdict({ verdict, kind, index, problems }: ChildVerdict, step: Step | undefined): readonly Finding[] {
  if (verdict === 'NotChecked') return [];
  const says = { Accepted: 'warns of', Denied: 'denies', Waits: 'would not create now' }[verdict];
  return problems.map(({ field, message }) => ({
    severity: verdict === 'Denied' ? 'deny' : 'warn',
    code: verdict === 'Denied' ? CHILD_DENIED : FOREIGN_WARNING,
    field: formatPath(['spec', 'steps', index, ...findOrigin(field, step)]),
    message: `the API server ${says} the ${kind} of this step: ${field === '' ? '' : `${field}: `}${message}`,
  }));
}

/** Finds the field of a step that became this field of its child. Empty if there is none. */
function findOrigin(field: string, step: Step | undefined): Path {
  const [root, key = '', ...inside] = readPath(field);
  if (root !== 'spec') return [];
  if (asRecord(step)[key] !== undefined) return [key, ...inside];
  const [argument = ''] = key === 'parameters' ? inside : [key];
  return asRecord(step?.with)[argument] === undefined ? [] : ['with', argument];
}
