import type { ProblemCode } from '../../src/orchestration/judge.ts';
import type { Cluster } from '../support/controlplane/cluster.ts';
import { connectCreates, installTwin } from '../support/policy-twin.ts';
import { findFirst, listSteps, nameAt } from './cost.ts';

/** The longest list that is tried: the policy looks into no list of this length. */
const BEYOND = 1001;

/** Lists of steps: the length of their names, and how many dependencies each has. */
export const shapes = [
  { nameLength: 9, entries: 1 },
  { nameLength: 63, entries: 1 },
  { nameLength: 9, entries: 16 },
] as const;

/** A last step with a mistake of each rule that goes through all steps. */
const lastSteps: Readonly<Partial<Record<ProblemCode, (first: string) => object>>> = {
  StepMissingName: () => ({ name: '', kind: 'Checkpoint' }),
  StepMissingKind: () => ({ name: 'last', kind: '' }),
  InvalidDependency: () => ({ name: 'last', kind: 'Checkpoint', dependsOn: [''] }),
  DuplicateStep: (first) => ({ name: first, kind: 'Checkpoint' }),
  MissingDependency: () => ({ name: 'last', kind: 'Checkpoint', dependsOn: ['nobody'] }),
  SelfDependency: () => ({ name: 'last', kind: 'Checkpoint', dependsOn: ['last'] }),
};

/** For each rule, the first number of steps of each shape at which the policy no longer denies a mistake in the last step. */
export async function* measureReach(cluster: Cluster, namespace: string): AsyncGenerator<readonly (string | number)[]> {
  const values = ['settings.limits.maxSteps=100000', 'settings.limits.maxDependencies=100000'];
  const remove = await installTwin(cluster, { release: 'reach', namespace, values });
  const create = connectCreates(cluster, namespace);
  for (const [code, lastStep] of Object.entries(lastSteps)) {
    const firsts: number[] = [];
    for (const { nameLength, entries } of shapes) {
      const isOutOfReach = async (length: number) => {
        const steps = listSteps(length - 1, nameLength, entries);
        const { denied = '' } = await create('reach', { steps: [...steps, lastStep(nameAt(0, nameLength))] });
        return !denied.endsWith(`(${code})`);
      };
      firsts.push(await findFirst(2, BEYOND, isOutOfReach));
    }
    yield [code, ...firsts];
  }
  await remove();
}
