import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { decodeOrchestration } from '../../../src/orchestration/decode.ts';
import { agentRunFacts, parameterFacts } from '../../../src/orchestration/kinds/agent-run-facts.ts';
import { stepKinds } from '../../../src/orchestration/kinds/table.ts';
import { formatPath } from '../../../src/orchestration/problem.ts';
import { checkResource } from '../../../src/orchestration/rules.ts';
import type { Shape } from '../../../src/orchestration/shapes.ts';
import { orchestration } from '../../support/reviews.ts';
import { LACKS_UPSTREAM, UPSTREAM_CRDS } from '../../support/upstream.ts';

const DENIED = 'the API server would deny the AgentRun of this step';
const FLAT = 'implementation.inline is absent: put all of it under inline, the task as inline.text';
const FAILED = 'the agents controller would fail the AgentRun of this step';

function problemsOf(fields: object): string[] {
  const step = { name: 'a', kind: 'AgentRun', agentRef: { name: 'coder' }, ...fields };
  const { orchestration: decoded } = decodeOrchestration(orchestration([step]));
  const findings = checkResource({ ...decoded, given: [step], isDefaulted: false, kinds: stepKinds });
  const denied = findings.filter(({ code }) => code === 'ChildWouldBeDenied').flatMap(({ problems }) => problems);
  return denied.map(({ path, describe }) => `${formatPath(path)}: ${describe()}`);
}

const inline = (fields: object) => ({ implementation: { inline: { text: 'do it', ...fields } } });
const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`p${index}`, '']));

describe('an AgentRun step whose child would be denied or failed', () => {
  test.each<[object, ...string[]]>([
    [{ implementation: { text: 'do it' } }, `implementation: ${DENIED}: ${FLAT}`],
    [
      { with: { implementation: '{"text": "{{prompt}}", "source": {"provider": "codex"}}' } },
      `with.implementation: ${DENIED}: ${FLAT}`,
      `with.implementation: ${DENIED}: implementation.inline.source.provider is "codex", not one of github, linear, manual, custom`,
    ],
    [
      { implementation: { text: 'do it', source: { provider: 'codex' } } },
      `implementation: ${DENIED}: ${FLAT}`,
      `implementation.source.provider: ${DENIED}: implementation.inline.source.provider is "codex", not one of github, linear, manual, custom`,
    ],
    [{ implementation: {} }, `implementation.inline: ${DENIED}: implementation.inline is absent: it is required`],
    [
      { with: { implementation: '{"inline": {text: "do it"}}' } },
      'with.implementation: it is not the JSON text of an object, so the AgentRun of this step would lack it: write JSON',
    ],
    [
      { implementation: { inline: {} } },
      `implementation.inline.text: ${DENIED}: implementation.inline.text is absent: write what the agent is to do`,
    ],
    [
      inline({ source: { provider: 'codex' } }),
      `implementation.inline.source.provider: ${DENIED}: implementation.inline.source.provider is "codex", not one of github, linear, manual, custom`,
    ],
    [
      inline({ summary: 'x'.repeat(257) }),
      `implementation.inline.summary: ${DENIED}: implementation.inline.summary has 257 characters, and at most 256 are allowed`,
    ],
    [
      inline({ acceptanceCriteria: Array(51).fill('x') }),
      `implementation.inline.acceptanceCriteria: ${DENIED}: implementation.inline.acceptanceCriteria has 51 entries, and at most 50 are allowed`,
    ],
    [
      inline({ labels: ['x', 7] }),
      `implementation.inline.labels[1]: ${DENIED}: implementation.inline.labels.1 is the number 7, not a string`,
    ],
    [
      { goal: { objective: '', tokenBudget: 0 } },
      `goal.objective: ${DENIED}: goal.objective is empty`,
      `goal.tokenBudget: ${DENIED}: goal.tokenBudget is 0, and must be at least 1`,
    ],
    [
      { with: { runtime: '{"type": "pod"}' } },
      `with.runtime: ${DENIED}: runtime.type is "pod", not one of workflow, job, temporal, custom`,
    ],
    [
      { runtime: { type: 'workflow' }, workflow: { steps: [{ timeoutSeconds: -1 }] } },
      `workflow.steps[0].name: ${DENIED}: workflow.steps.0.name is absent: it is required`,
      `workflow.steps[0].timeoutSeconds: ${DENIED}: workflow.steps.0.timeoutSeconds is -1, and must be at least 0`,
    ],
    [
      { with: { prompt: 'do it' } },
      `with.prompt: ${DENIED}: a parameter cannot have the name prompt; write it into implementation.inline.text, or into the ImplementationSpec`,
    ],
    [{ with: { diff: 'ü'.repeat(1025) } }, `with.diff: ${FAILED}: it has 2050 bytes, and at most 2048 are allowed`],
    [{ with: many(101) }, `with: ${DENIED}: it has 101 parameters, and at most 100 are allowed`],
  ])('%# is reported with the field and the cause', (fields, ...problems) => {
    expect(problemsOf(fields)).toEqual(problems.map((problem) => `spec.steps[0].${problem}`));
  });

  test('is reported with the first five mistakes of each field', () => {
    expect(problemsOf(inline({ labels: Array(100_000).fill(7) }))).toHaveLength(5);
  });
});

describe('an AgentRun step whose child is valid', () => {
  test.each([
    [{ implementationSpecRef: { name: 'fix' }, with: { ...many(99), diff: '😀'.repeat(512) } }],
    [inline({ source: { provider: 'github' }, summary: '😀'.repeat(256), other: 1 })],
    [{ with: { implementation: '{"inline": {"text": "{{parameters.task}}"}}', agentRef: 'coder' } }],
    [{ with: { implementation: JSON.stringify({ inline: { text: 'x'.repeat(131_072) } }) } }],
    [{ workflow: { steps: 7 }, runtime: { type: 'job' } }],
    [{ runtime: { type: 'workflow' }, goal: { objective: 'green', tokenBudget: 250_000 } }],
    [{ kind: 'ToolRun', with: { prompt: 'x'.repeat(5000) } }],
  ])('%# is accepted', (fields) => {
    expect(problemsOf(fields)).toEqual([]);
  });
});

describe.each([
  ['our stand-in for it', 'test/fixtures/agents-crds/agentruns.yaml'],
  ['the agents chart', join(UPSTREAM_CRDS, 'agents.proompteng.ai_agentruns.yaml')],
])('the facts about AgentRuns, compared with the CRD of %s,', (_, file) => {
  test('agree with it', (ctx) => {
    if (!existsSync(file)) return ctx.skip(LACKS_UPSTREAM);
    const crd = parse(readFileSync(file, 'utf8'));
    const { properties } = crd.spec.versions[0].schema.openAPIV3Schema.properties.spec;
    const wrong = Object.entries(agentRunFacts).flatMap(([field, shape]) =>
      differences(shape, properties[field], field),
    );
    expect(wrong).toEqual([]);
    expect(properties.parameters.maxProperties).toBe(parameterFacts.most);
  });
});

/**
 * The places where our shape of a value differs from the CRD. The API server checks everything that our shape leaves
 * out.
 */
function differences(ours: Shape, theirs: Record<string, never>, at: string): string[] {
  const { properties = {}, items, additionalProperties, required = [], fix: _, ...limits } = ours;
  const wrong = Object.entries(limits).filter(([key, value]) => JSON.stringify(value) !== JSON.stringify(theirs[key]));
  const invented = required.filter((field) => !(theirs['required'] as readonly string[] | undefined)?.includes(field));
  const inside = Object.entries(properties).flatMap(([key, shape]) =>
    differences(shape, theirs['properties']?.[key] ?? {}, `${at}.${key}`),
  );
  return [
    ...[...wrong.map(([key]) => key), ...invented].map((key) => `${at}: ${key}`),
    ...inside,
    ...(items ? differences(items, theirs['items'] ?? {}, `${at}[]`) : []),
    ...(additionalProperties ? differences(additionalProperties, theirs['additionalProperties'] ?? {}, `${at}{}`) : []),
  ];
}
