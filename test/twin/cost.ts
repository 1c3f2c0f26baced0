import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cluster } from '../support/controlplane/cluster.ts';
import { waitUntil } from '../support/namespaced-api.ts';
import { type Create, connectCreates } from '../support/policy-twin.ts';

/** What one expression of an admission policy may cost, in the units of the API server. */
const MOST_COST = 1_000_000;
/** The longest padding, in characters. It costs somewhat more than the whole budget. */
const MOST_PADDING = 300_000;
const policy = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../charts/orchestration-gate/files/policy-twin.json'), 'utf8'),
) as { readonly variables: readonly Variable[]; readonly rules: readonly { readonly expression: string }[] };

interface Variable {
  readonly name: string;
  readonly expression: string;
}

/**
 * Costs five units for a character, and little time. With lists as padding, the time of the API server would grow with
 * the square of their length.
 */
const PADDING = `[${Array(50).fill(0)}].all(one, !object.spec.policies.padding.contains('b'))`;
const NOTHING = 'nothing';

/** The variables that a rule reads, and those that all rules share: each is an expression with a budget of its own. */
const measured = policy.variables.filter(
  ({ name }) =>
    ['names', 'indexes'].includes(name) || policy.rules.some(({ expression }) => expression.includes(`${name})`)),
);

/**
 * Measures the cost of each expression of the policy on lists of these sizes, each step with a name of 9 characters and
 * one dependency. The API server does not say what an expression costs. So a policy evaluates the expression and
 * padding of a known cost, and the longest padding that the budget still allows gives the cost.
 */
export async function* measureCosts(
  cluster: Cluster,
  namespace: string,
  sizes: readonly number[],
): AsyncGenerator<readonly (string | number)[]> {
  const create = connectCreates(cluster, namespace);
  await installProbes(cluster, namespace);
  const isWithin = (probe: string, length: number, padding: number) => fits(create, probe, length, padding);
  await waitUntil('the probes to be asked', () => isWithin(NOTHING, 1, 1));
  const whole = await findFirst(1, MOST_PADDING, async (padding) => !(await isWithin(NOTHING, 1, padding)));
  const unit = MOST_COST / whole;
  yield ['(the smallest difference that is measured)', ...sizes.map(() => Math.round(unit))];
  for (const { name } of measured) {
    const costs: number[] = [];
    for (const size of sizes) {
      const left = await findFirst(0, whole, async (padding) => !(await isWithin(name, size, padding)));
      costs.push(Math.round((whole - left) * unit));
    }
    yield [name, ...costs];
  }
}

/**
 * The first number from `least` to `most` for which `isSo` holds, as it must for all numbers after that; `most` if
 * there is none before it.
 */
export async function findFirst(
  least: number,
  most: number,
  isSo: (number: number) => Promise<boolean>,
): Promise<number> {
  let [low, high] = [least, most];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (await isSo(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Whether the budget suffices for the probed expression and the padding: if it does, the probe denies. */
async function fits(create: Create, probe: string, length: number, padding: number): Promise<boolean> {
  const steps = listSteps(length, 9, 1);
  const spec = { entrypoint: probe, steps, policies: { padding: 'a'.repeat(padding) } };
  return (await create('probe', spec)).denied === 'evaluated';
}

/** A list without a mistake, of steps with names of `nameLength` and `entries` dependencies each. */
export function listSteps(length: number, nameLength: number, entries: number): object[] {
  return Array.from({ length }, (_, index) => ({
    name: nameAt(index, nameLength),
    kind: 'Checkpoint',
    dependsOn: Array<string>(index === 0 ? 0 : entries).fill(nameAt(index - 1, nameLength)),
  }));
}

/** The name of the step at this index of `listSteps`. */
export function nameAt(index: number, length: number): string {
  return `${index}-`.padEnd(length, 's');
}

/** Installs a policy that denies if it could evaluate the expression that `spec.entrypoint` names. */
async function installProbes(cluster: Cluster, namespace: string): Promise<void> {
  const limits = ['maxSteps', 'maxDependencies'].map((name) => ({ name, expression: '100000' }));
  const probes = [{ name: NOTHING, expression: '[]' }, ...measured].map(({ name, expression }) => ({
    name: `probe_${name}`,
    expression: `size(${expression}) >= 0 && ${PADDING}`,
  }));
  const [apiVersion, metadata] = ['admissionregistration.k8s.io/v1', { name: 'cost-of-twin' }];
  const rule = { apiGroups: ['orchestration.proompteng.ai'], apiVersions: ['v1alpha1'], resources: ['orchestrations'] };
  const namespaceSelector = { matchLabels: { 'kubernetes.io/metadata.name': namespace } };
  const items = [
    {
      ...{ apiVersion, kind: 'ValidatingAdmissionPolicy', metadata },
      spec: {
        failurePolicy: 'Ignore',
        matchConstraints: { namespaceSelector, resourceRules: [{ ...rule, operations: ['CREATE'] }] },
        variables: [...limits, ...policy.variables, ...probes],
        validations: [NOTHING, ...measured.map(({ name }) => name)].map((name) => ({
          expression: `object.spec.?entrypoint.orValue('') != '${name}' || !variables.probe_${name}`,
          message: 'evaluated',
        })),
      },
    },
    {
      ...{ apiVersion, kind: 'ValidatingAdmissionPolicyBinding', metadata },
      spec: { policyName: metadata.name, validationActions: ['Deny'] },
    },
  ];
  const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
  const { code, stderr } = await cluster.kubectl(['apply', '-f', '-'], { input });
  if (code !== 0) throw new Error(stderr);
}
