import { describe, expect, it } from 'vitest';
import { decodeOrchestration } from '../../src/orchestration/decode.ts';
import { agentRunFields, buildAgentRunSpec } from '../../src/orchestration/kinds/agent-run-spec.ts';
import { stepKinds } from '../../src/orchestration/kinds/table.ts';
import { checkResource } from '../../src/orchestration/rules.ts';
import { useGatedNamespace } from '../support/gated.ts';
import { orchestration } from '../support/reviews.ts';

const codexRerun = {
  name: 'implement',
  kind: 'AgentRun',
  agentRef: { name: 'codex' },
  with: {
    implementation: '{"summary": "Rerun {{repository}}", "text": "{{prompt}}", "source": {"provider": "codex"}}',
    runtime: '{"type": "job", "config": {"serviceAccountName": "agents"}}',
    goal: '{"objective": "{{prompt}}", "tokenBudget": 250000}',
    secrets: '["token"]',
    ttlSecondsAfterFinished: '86400',
  },
};
const inline = (fields: object) => ({ implementation: { inline: { text: 'do it', ...fields } } });
const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`p${index}`, 'x']));

describe('kubectl apply', () => {
  const gated = useGatedNamespace();
  const apply = async (name: string, steps: readonly object[]) => {
    const { kubectl } = gated();
    const object = { ...orchestration(steps), metadata: { name } };
    const { code, stderr } = await kubectl(['apply', '-f', '-'], object);
    return { code, warnings: stderr.trim().split('\n') };
  };

  it('stores a misspelt dependsOn, and warns which order holds', async () => {
    const steps = [
      { name: 'build', kind: 'Checkpoint' },
      { name: 'approve', kind: 'Checkpoint', depends_on: ['build'] },
    ];
    expect(await apply('deploy', steps)).toEqual({
      code: 0,
      warnings: [
        'Warning: spec.steps[1].depends_on: the API server stores this field, but it has no effect; did you mean dependsOn? Without it, this step starts after "build"',
      ],
    });
  });

  it('warns of a manifest of the shape of codex-rerun, whose child could not be created', async () => {
    const denied = 'Warning: spec.steps[0].with.implementation: the API server would deny the AgentRun of this step: ';
    expect(await apply('codex-rerun', [codexRerun])).toEqual({
      code: 0,
      warnings: [
        `${denied}implementation.inline is absent: put all of it under inline, the task as inline.text`,
        `${denied}implementation.inline.source.provider is "codex", not one of github, linear, manual, custom`,
      ],
    });
  });

  it.each([
    ['no implementation.inline', codexRerun],
    ['no inline.text', { implementation: { inline: {} } }],
    ['another provider', inline({ source: { provider: 'codex' } })],
    ['a long summary', inline({ summary: 'x'.repeat(257) })],
    ['a summary of 256 emojis', inline({ summary: '😀'.repeat(256) })],
    ['an empty goal', { ...inline({}), goal: { objective: '' } }],
    ['another runtime', { ...inline({}), with: { runtime: '{"type": "pod"}' } }],
    ['a workflow without names', { ...inline({}), runtime: { type: 'workflow' }, workflow: { steps: [{}] } }],
    ['a parameter called prompt', { ...inline({}), with: { prompt: 'x' } }],
    ['101 parameters', { ...inline({}), with: many(101) }],
    ['100 parameters', { ...inline({}), with: many(100) }],
    ['everything right', inline({ source: { provider: 'github' }, labels: ['x'] })],
  ])('warns of an AgentRun step with %s if and only if the API server denies the child', async (_, fields) => {
    const step = { name: 'a', kind: 'AgentRun', agentRef: { name: 'coder' }, ...fields };
    const { orchestration: decoded } = decodeOrchestration(orchestration([step]));
    const [first] = decoded.steps;
    const given = Object.entries(first?.with ?? {}).filter(([key]) => !agentRunFields.has(key));
    const spec = first && { ...buildAgentRunSpec(first), parameters: Object.fromEntries(given) };
    const child = { apiVersion: 'agents.proompteng.ai/v1alpha1', kind: 'AgentRun', metadata: { name: 'child' }, spec };
    const { code } = await gated().kubectl(['create', '--dry-run=server', '--validate=false', '-f', '-'], child);
    const found = checkResource({ ...decoded, given: decoded.steps, isDefaulted: false, kinds: stepKinds });
    expect(code === 0).toBe(found.every((finding) => finding.code !== 'ChildWouldBeDenied'));
  });
});
