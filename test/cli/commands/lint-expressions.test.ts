import { expect, test } from 'vitest';
import { lint } from '../../../src/cli/commands/lint.ts';
import { runOn } from '../run-command.ts';

const manifest = `apiVersion: orchestration.proompteng.ai/v1alpha1
kind: Orchestration
metadata: { name: mistakes, namespace: ci }
spec:
  policies:
    parameters:
      version: { required: true }
  steps:
    - name: build
      kind: ToolRun
      toolRef: { name: builder }
      when: parameters.version != 1.0
      with:
        image: "\\u0072egistry/\\
          shop:\${{ parameters.verison }}"
    - name: test
      kind: AgentRun
      dependsOn: [build]
      agentRef: { name: tester }
      implementationSpecRef: { name: tests }
      outputs:
        report: child.status.vcs.headBranch
      goal: |
        {
          "objective": "Test \\"\${{ steps.biuld.outputs.image }}\\""
        }
    - name: deploy
      kind: ToolRun
      dependsOn: [test]
      toolRef: { name: deployer }
      when: 'run.name != ''it'' && steps.test.outputs.raport == ''ok'''
      with:
        note: >
          Deploy
          to \${{ steps.notify.phase }}
        text: Run \${{ github.sha }}
    - name: notify
      kind: Checkpoint
      dependsOn: [deploy]
`;

interface Region {
  readonly startLine: number;
  readonly startColumn: number;
  readonly endLine: number;
  readonly endColumn: number;
}

interface Result {
  readonly locations: readonly [{ readonly physicalLocation: { readonly region: Region } }];
}

function cut(region: Region): string {
  const lines = manifest.split('\n').slice(region.startLine - 1, region.endLine);
  expect(lines).toHaveLength(1);
  return lines[0]?.slice(region.startColumn - 1, region.endColumn - 1) ?? '';
}

async function lintAs(format: string): Promise<string> {
  const { exitCode, stdout } = await runOn(lint, { 'mistakes.yaml': manifest }, ['-o', format, 'mistakes.yaml']);
  expect(exitCode).toBe(1);
  return stdout;
}

test('six mistakes in expressions are reported at once, each with its line and column in the file', async () => {
  expect(await lintAs('text')).toBe(`Orchestration ci/mistakes in mistakes.yaml
mistakes.yaml:12:13: deny InvalidExpression spec.steps[0].when: there is no string != double: use values of matching types, or convert one with string(), int() or double() (at character 1)
mistakes.yaml:15:20: deny UnknownReference spec.steps[0].with.image: policies.parameters does not declare "verison"; did you mean "version"? (at character 19)
mistakes.yaml:25:36: deny UnknownReference spec.steps[1].goal: no step has the name "biuld"; did you mean "build"? (at character 30)
mistakes.yaml:31:36: deny UnknownOutput spec.steps[2].when: step "test" has no output "raport"; did you mean "report"? (at character 21)
mistakes.yaml:35:18: deny ReferenceNotAncestor spec.steps[2].with.note: step "notify" may not have ended when this step starts: add it to dependsOn (at character 15)
mistakes.yaml:36:19: warn UnknownPlaceholder spec.steps[2].with.text: this stays text, because "github" is not a variable: write $\${{ if you intend that (at character 5)

5 errors and 1 warning in 1 object
`);
});

test('the region of each mistake is the part of the expression that is wrong', async () => {
  const [{ results }] = JSON.parse(await lintAs('sarif')).runs;
  const regions = results.map((result: Result) => result.locations[0].physicalLocation.region);
  expect(regions).toEqual([
    { startLine: 12, startColumn: 13, endLine: 12, endColumn: 38 },
    { startLine: 15, startColumn: 20, endLine: 15, endColumn: 38 },
    { startLine: 25, startColumn: 36, endLine: 25, endColumn: 61 },
    { startLine: 31, startColumn: 36, endLine: 31, endColumn: 61 },
    { startLine: 35, startColumn: 18, endLine: 35, endColumn: 36 },
    { startLine: 36, startColumn: 19, endLine: 36, endColumn: 22 },
  ]);
  expect(regions.map(cut)).toEqual([
    'parameters.version != 1.0',
    'parameters.verison',
    'steps.biuld.outputs.image',
    'steps.test.outputs.raport',
    'steps.notify.phase',
    '${{',
  ]);
});

test('GitHub gets the columns too, the last of them inclusive', async () => {
  const places = [...(await lintAs('github')).matchAll(/line=(\d+),col=(\d+),endColumn=(\d+),title=(\w+)::/g)];
  expect(places.map(([, ...place]) => place.join(' '))).toEqual([
    '12 13 37 InvalidExpression',
    '15 20 37 UnknownReference',
    '25 36 60 UnknownReference',
    '31 36 60 UnknownOutput',
    '35 18 35 ReferenceNotAncestor',
    '36 19 21 UnknownPlaceholder',
  ]);
});
