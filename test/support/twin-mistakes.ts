import type { ProblemCode } from '../../src/orchestration/judge.ts';

/** A mistake that the policy of the chart knows. */
interface Mistake {
  readonly code: ProblemCode;
  readonly spec: object;
  /** The field and the message, as the policy writes them. */
  readonly says: string;
}

const step = (name: string, ...dependsOn: readonly string[]) => ({ name, kind: 'Checkpoint', dependsOn });
const many = (length: number) => Array.from({ length }, (_, index) => step(`s${index}`));

/** One spec for each rule of the policy, with the limits that the chart has by default. */
export const mistakes: readonly Mistake[] = [
  { code: 'MissingSteps', spec: { steps: [] }, says: 'spec.steps: is empty: declare at least one step' },
  {
    code: 'StepMissingName',
    spec: { steps: [step('a'), step('')] },
    says: 'spec.steps[1].name: is empty: give the step a name',
  },
  {
    code: 'StepMissingKind',
    spec: { steps: [{ ...step('a'), kind: '' }] },
    says: 'spec.steps[0].kind: is empty: say what the step does, for example AgentRun',
  },
  {
    code: 'InvalidDependency',
    spec: { steps: [step('a'), step('b', 'a', '')] },
    says: 'spec.steps[1].dependsOn[1]: is empty: name a step, or remove this entry',
  },
  {
    code: 'TooManySteps',
    spec: { steps: many(1001) },
    says: 'spec.steps: 1001 steps, but at most 1000 are allowed: replace some of them with SubOrchestration steps (the graph was not checked)',
  },
  {
    code: 'TooManyDependencies',
    spec: { steps: [step('a'), step('b', ...Array<string>(257).fill('a'))] },
    says: 'spec.steps[1].dependsOn: 257 entries, but at most 256 are allowed: combine some of them in a Checkpoint step (the graph was not checked)',
  },
  {
    code: 'DuplicateStep',
    spec: { steps: [step('a'), step('b'), step('a')] },
    says: 'spec.steps[2].name: "a" is already the name of steps[0]: rename one of the two',
  },
  {
    code: 'MissingDependency',
    spec: { steps: [step('build'), step('test', 'build', 'biuld')] },
    says: 'spec.steps[1].dependsOn[1]: no step is named "biuld"',
  },
  {
    code: 'SelfDependency',
    spec: { steps: [step('a'), step('b', 'a', 'b')] },
    says: 'spec.steps[1].dependsOn[1]: "b" waits for itself and could never start: remove this entry',
  },
];
