import { compileTemplate } from '../../expressions/template.ts';
import { asRecord, decodeOrchestration, type Orchestration } from '../../orchestration/decode.ts';
import { listInputTexts } from '../../orchestration/input-texts.ts';
import { stepKinds } from '../../orchestration/kinds/table.ts';
import type { FoundProblem, Path } from '../../orchestration/problem.ts';
import type { RunIf } from '../../orchestration/run-if.ts';
import { createScopes } from '../../orchestration/step-expressions.ts';
import type { FoundObject } from './manifest.ts';

/** A field that the orchestration controller of the agents chart does not read, and what that controller does. */
interface IgnoredField {
  readonly path: Path;
  readonly instead: string;
  /** A value that means the same as no value. */
  readonly plain?: unknown;
}

const stepFields: readonly IgnoredField[] = [
  {
    path: ['runIf'],
    instead: 'the step starts after its dependencies have succeeded, and never after a failure',
    plain: 'Succeeded' satisfies RunIf,
  },
  { path: ['when'], instead: 'the step runs whether the condition is true or false' },
  { path: ['outputs'], instead: 'the step has no outputs' },
  { path: ['approvers'], instead: 'the ApprovalPolicy alone decides' },
  { path: ['continueOnFailure'], instead: 'a failure of this step fails the run', plain: false },
  { path: ['pendingTimeoutSeconds'], instead: 'timeoutSeconds counts while the child waits to start', plain: 0 },
];

const policyFields: readonly IgnoredField[] = [
  { path: ['parameters'], instead: 'a run starts with any parameters, and without the defaults' },
  { path: ['concurrency'], instead: 'runs of a group work at the same time' },
  { path: ['retries', 'limit'], instead: 'a step that does not set retries is not retried' },
  { path: ['timeouts', 'totalSeconds'], instead: 'the run has no time limit' },
  { path: ['timeouts', 'cleanupSeconds'], instead: 'there is no cancel and no deadline to clean up after' },
  { path: ['maxParallel'], instead: 'any number of children of a run can exist at the same time' },
  { path: ['ttlSecondsAfterFinished'], instead: 'finished runs are kept' },
  { path: ['history', 'limit'], instead: 'finished runs are kept' },
];

/** The names of the fields of a step that the orchestration controller of the agents chart does not read. */
export const ignoredStepFields: ReadonlySet<unknown> = new Set(stepFields.map(({ path: [name] }) => name));

const CODE = 'IgnoredByAgentsChart';
const THEIRS = 'the orchestration controller of the agents chart';

/** Finds what the orchestration controller of the agents chart ignores in an object: fields, and placeholders in texts. */
export function findIgnored({ kind, value }: FoundObject): readonly FoundProblem[] {
  if (kind !== 'Orchestration') return [];
  const { orchestration } = decodeOrchestration(value);
  const { policies, steps } = orchestration;
  return [
    ...findFields(policyFields, policies, ['spec', 'policies']),
    ...steps.flatMap((step, index) => findFields(stepFields, step, ['spec', 'steps', index])),
    ...findPlaceholders(orchestration),
  ];
}

function findFields(fields: readonly IgnoredField[], value: unknown, at: Path): FoundProblem[] {
  return fields.flatMap(({ path, instead, plain }) => {
    const found = path.reduce((inside, key) => asRecord(inside)[key], value);
    if (found === undefined || found === plain) return [];
    return [{ code: CODE, path: [...at, ...path], describe: () => `${THEIRS} ignores this field: ${instead}` }];
  });
}

function findPlaceholders({ steps }: Orchestration): FoundProblem[] {
  const scope = createScopes(steps)('Input');
  const describe = () => `${THEIRS} replaces no placeholders: the child gets this text as it is written`;
  return steps.flatMap((step, index) => {
    const texts = listInputTexts(step, stepKinds.get(step.kind));
    const replaced = texts.filter(({ text }) => compileTemplate(text, scope).template !== undefined);
    return replaced.map(({ path }) => ({ code: CODE, path: ['spec', 'steps', index, ...path], describe }));
  });
}
