import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { lint } from '../../../src/cli/commands/lint.ts';
import { briefly, orchestration, runOn } from '../run-command.ts';

const THEIRS = 'the orchestration controller of the agents chart';

async function ignoredIn(text: string): Promise<string[]> {
  const outcome = await runOn(lint, { 'a.yaml': text }, ['--for=agents-chart', '-o=json', 'a.yaml']);
  return briefly(outcome).filter((line) => line.includes(' IgnoredByAgentsChart '));
}

const build = '{ name: build, kind: ToolRun, toolRef: { name: build } }';

describe('what the agents chart ignores', () => {
  test('is a warning for each field, with its place and what happens instead', async () => {
    const deploy = `{ name: deploy, kind: ToolRun, toolRef: { name: deploy }, when: steps.build.attempt == 1 }`;
    const { exitCode, stdout } = await runOn(lint, { 'a.yaml': orchestration('a', build, deploy) }, [
      '--for=agents-chart',
      'a.yaml',
    ]);
    expect(exitCode).toBe(0);
    const instead = `${THEIRS} ignores this field: the step runs whether the condition is true or false`;
    expect(stdout).toContain(`a.yaml:7:71: warn IgnoredByAgentsChart spec.steps[1].when: ${instead}\n`);
    expect(readFileSync('docs/reference/problems.md', 'utf8')).toContain(
      `\`\`\`\nspec.steps[1].when: ${instead}\n\`\`\``,
    );
  });

  test('is only reported if it is asked for', async () => {
    const step = '{ name: a, kind: ToolRun, toolRef: { name: a }, runIf: Always, with: { x: "${{ run.name }}" } }';
    const { stdout } = await runOn(lint, { 'a.yaml': orchestration('a', step) }, ['a.yaml']);
    expect(stdout).toBe('no problems in 1 object\n');
  });

  test('is every field that docs/reference/agents-chart.md lists, and no other', async () => {
    const [, table = ''] =
      /^\| field \| under their controller \|\n(.*?)\n\n/ms.exec(
        readFileSync('docs/reference/agents-chart.md', 'utf8'),
      ) ?? [];
    const listed = [...table.matchAll(/^\| (?:`([\w.]+)`( of a step)?|placeholders.*?) \|/gm)].map(
      ([, field = 'with.x', ofStep]) => (ofStep || field === 'with.x' ? `spec.steps[0].${field}` : `spec.${field}`),
    );
    const spec = {
      policies: {
        parameters: { x: {} },
        concurrency: { max: 1 },
        retries: { limit: 1 },
        timeouts: { totalSeconds: 1, cleanupSeconds: 1 },
        maxParallel: 1,
        ttlSecondsAfterFinished: 1,
        history: { limit: 1 },
      },
      steps: [
        {
          ...{ name: 'a', kind: 'ToolRun', toolRef: { name: 'a' }, dependsOn: [], retries: 1, timeoutSeconds: 1 },
          ...{ runIf: 'Always', when: 'true', outputs: { x: 'run.name' } },
          ...{
            continueOnFailure: true,
            pendingTimeoutSeconds: 1,
            approvers: {},
            with: { x: '${{ run.name }}', y: '{{ y }}' },
          },
        },
      ],
    };
    const object = {
      apiVersion: 'orchestration.proompteng.ai/v1alpha1',
      kind: 'Orchestration',
      metadata: { name: 'a' },
    };
    const found = await ignoredIn(JSON.stringify({ ...object, spec }));
    expect(found.map((line) => line.replace(/.* /, '')).toSorted()).toEqual(listed.toSorted());
  });

  test.each([
    ['a value that is the default', 'runIf: Succeeded, continueOnFailure: false'],
    ['a placeholder that stays text here too', 'with: { x: "${{ github.sha }}" }'],
    ['fields that the chart reads', 'retries: 1, retryBackoffSeconds: 1, timeoutSeconds: 1'],
  ])('is not %s', async (_, fields) => {
    expect(await ignoredIn(orchestration('a', `{ name: a, kind: ToolRun, toolRef: { name: a }, ${fields} }`))).toEqual(
      [],
    );
  });

  test('is a placeholder at its place, in a field of the child too', async () => {
    const text = 'implementation: { inline: { text: "fix ${{ parameters.issue }}" } }';
    const step = `{ name: a, kind: AgentRun, agentRef: { name: a }, ${text} }`;
    expect(await ignoredIn(orchestration('a', step))).toEqual([
      'a.yaml:6:91 IgnoredByAgentsChart spec.steps[0].implementation.inline.text',
    ]);
  });

  test('cannot be asked of the API server', async () => {
    const { exitCode, stderr } = await runOn(lint, { 'a.yaml': '' }, ['--for=agents-chart', '--server', 'a.yaml']);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('lint: --for is not asked of the API server: leave out --server\n');
  });
});
