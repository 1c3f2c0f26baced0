import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { runHelm } from '../../scripts/charts.ts';
import { checkPolicyTwin, twinCodes } from '../../scripts/policy-twin.ts';
import { rules } from '../../src/orchestration/judge.ts';
import { readSettings } from '../support/controlplane/settings.ts';
import { resolveTools } from '../support/controlplane/tools.ts';

const root = join(import.meta.dirname, '../..');
const { helm } = await resolveTools(readSettings(process.env));
const relaxable = twinCodes.filter((code) => rules.find((rule) => rule.code === code)?.isFixed !== true);
const fixed = twinCodes.filter((code) => !relaxable.includes(code));

interface Validation {
  readonly message: string;
}

async function render(...values: readonly string[]) {
  const flags = ['policies.enabled=true', ...values].flatMap((value) => ['--set', value]);
  const chart = ['template', 'gate', 'charts/orchestration-gate', '--namespace', 'agents'];
  const { output, isDone } = await runHelm(root, helm, [...chart, ...flags]);
  if (!isDone) throw new Error(output);
  const objects = parseAllDocuments(output).map((one) => one.toJS());
  const ofKind = (kind: string) =>
    objects.filter((one) => one?.kind === kind && /-orchestrations(-warnings)?$/.test(one.metadata.name));
  return { policies: ofKind('ValidatingAdmissionPolicy'), bindings: ofKind('ValidatingAdmissionPolicyBinding') };
}

/** The codes in the policies that the chart renders with these values, by the actions of their bindings. */
async function codesOf(...values: readonly string[]): Promise<Record<string, readonly (string | undefined)[]>> {
  const { policies, bindings } = await render(...values);
  const entries = bindings.map(({ spec: { policyName, validationActions } }) => {
    const policy = policies.find(({ metadata }) => metadata.name === policyName);
    const validations: readonly Validation[] = policy?.spec.validations ?? [];
    return [validationActions.join(), validations.map(({ message }) => /\((\w+)\)$/.exec(message)?.[1])];
  });
  return Object.fromEntries(entries);
}

describe('the policy for Orchestrations', () => {
  it('has the expressions that the rules give', async () => {
    expect(await checkPolicyTwin(root)).toEqual([]);
  });

  it('denies what the gate denies by default', async () => {
    expect(await codesOf()).toEqual({ Deny: twinCodes });
  });

  it('follows the severity of each rule that has one', async () => {
    const [off, ...others] = relaxable;
    const severities = [`${off}=off`, ...others.map((code) => `${code}=warn`)];
    const values = severities.map((severity) => `settings.severities.${severity}`);
    expect(await codesOf(...values)).toEqual({ Deny: fixed, Warn: others });
  });

  it('warns if the mode is warn, and is absent if it is off', async () => {
    expect(await codesOf('settings.mode=warn')).toEqual({ Warn: twinCodes });
    expect(await render('settings.mode=off')).toEqual({ policies: [], bindings: [] });
  });

  it('has the limits and the namespaces of the gate', async () => {
    const { policies } = await render('settings.limits.maxSteps=7', 'controller.namespaces={one,two}');
    const [{ spec }] = policies;
    expect(spec.variables[0]).toEqual({ name: 'maxSteps', expression: '7' });
    const [{ key, values }] = spec.matchConstraints.namespaceSelector.matchExpressions;
    expect([key, ...values]).toEqual(['kubernetes.io/metadata.name', 'one', 'two']);
    const everywhere = await render('controller.namespaces={*}');
    expect(everywhere.policies[0].spec.matchConstraints.namespaceSelector).toEqual({});
  });

  it('is refused for a Kubernetes that lacks what its expressions need', async () => {
    const old = [
      'template',
      'gate',
      'charts/orchestration-gate',
      '--set=policies.enabled=true',
      '--kube-version=1.32.9',
    ];
    const told = 'policies.enabled is true and Kubernetes is v1.32.9';
    expect(await runHelm(root, helm, old)).toMatchObject({ isDone: false, output: expect.stringContaining(told) });
  });
});
