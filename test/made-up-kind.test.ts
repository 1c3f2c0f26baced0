import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { runHelm } from '../scripts/charts.ts';
import { renderCrds } from '../scripts/crds.ts';
import { renderStepRules, STEP_RULES } from '../scripts/step-rules.ts';
import { planOrchestration } from '../src/cli/planning.ts';
import type { KubeObject } from '../src/objects/object.ts';
import { decodeOrchestration } from '../src/orchestration/decode.ts';
import { reference } from '../src/orchestration/fields.ts';
import { defaultPolicy, judgeOrchestration } from '../src/orchestration/judge.ts';
import type { ChildKind } from '../src/orchestration/kinds/kind.ts';
import { readOutcome } from '../src/orchestration/kinds/outcome.ts';
import { createStepKinds, resourceOf } from '../src/orchestration/kinds/step-kinds.ts';
import { stepKinds } from '../src/orchestration/kinds/table.ts';
import { previewChildren } from '../src/reconciler/preview.ts';
import { describeKind } from '../src/ui/page/graph/search.ts';
import { drawPicture } from '../src/ui/picture.ts';
import { readSettings } from './support/controlplane/settings.ts';
import { resolveTools } from './support/controlplane/tools.ts';
import { followRuns, named, nowMs } from './support/followed-runs.ts';
import { NAMESPACE, ORCHESTRATIONS, RUNS } from './support/model/engine.ts';
import { createModel } from './support/model/model.ts';
import { orchestration } from './support/reviews.ts';

/** A step kind that does not exist. Everything that the tests below find about it comes from here. */
const measurement: ChildKind = {
  type: 'Child',
  name: 'Measurement',
  does: 'asks a Gauge',
  needs: [['gaugeRef']],
  fields: { gaugeRef: reference('gauge') },
  apiVersion: 'gauges.example.org/v1',
  kind: 'Reading',
  plural: 'readings',
  buildSpec: (step, run, ancestors) => {
    if (step['gaugeRef'] === undefined) return { refusal: 'gaugeRef is missing' };
    return { spec: { gauge: step['gaugeRef'], of: run.name, before: ancestors('mark')?.phase ?? 'unknown' } };
  },
  checkChild: ({ gaugeRef }, index, tell) => {
    if (gaugeRef === 'broken') tell(['spec', 'steps', index, 'gaugeRef'], () => 'nobody can read this gauge');
  },
  readOutcome,
};

const kinds = createStepKinds([...stepKinds.all, measurement]);
const policy = { ...defaultPolicy, kinds };
const READINGS = resourceOf(measurement);
const root = join(import.meta.dirname, '..');

const mark = { name: 'mark', kind: 'Checkpoint' };
const measure = { name: 'measure', kind: 'Measurement', gaugeRef: 'pressure', dependsOn: ['mark'] };
const chain = [{ ...mark, dependsOn: [] }, measure];

function warningsOf(step: object, by = policy): readonly string[] {
  const { warnings } = judgeOrchestration(orchestration([mark, { ...measure, ...step }]), by);
  return warnings
    .filter(({ field }) => field.startsWith('spec.steps[1]'))
    .map(({ code, message }) => `${code}: ${message}`);
}

test('lint and the gate know the kind, its fields, what it needs and what its child may not be', () => {
  expect(warningsOf({})).toEqual([]);
  expect(warningsOf({ gaugeRef: undefined, gauge: 'pressure' })).toEqual([
    'MissingStepReference: Measurement needs gaugeRef: without it, the step fails when it runs; rename "gauge" to gaugeRef',
  ]);
  expect(warningsOf({ gaugeref: 'x' })).toEqual([expect.stringMatching(/^UnknownField: .*gaugeRef is set too/)]);
  expect(warningsOf({ gaugeRef: 'broken' })).toEqual(['ChildWouldBeDenied: nobody can read this gauge']);
  expect(warningsOf({ kind: 'Mesurement' })).toEqual([
    'UnknownStepKind: unknown kind "Mesurement"; did you mean "Measurement"?',
  ]);
  expect(warningsOf({}, defaultPolicy)).toEqual([
    expect.stringMatching(/^UnknownStepKind: unknown kind "Measurement"/),
  ]);
});

test('the reconciler creates the child of the kind, follows it and reads its end', async () => {
  // The run is so old that another controller would have begun it by now.
  const model = createModel(() => nowMs - 60_000);
  model.create(ORCHESTRATIONS, { ...named('Orchestration', 'nightly'), spec: { steps: chain } });
  const run = { namespace: NAMESPACE, name: 'run' };
  model.create(RUNS, { ...named('OrchestrationRun', run.name), spec: { orchestrationRef: { name: 'nightly' } } });
  model.patch(RUNS, run, { type: 'merge', body: { status: { conditions: [] } } }, { subresource: 'status' });
  const { client } = await followRuns(model, undefined, policy);
  const children = () => model.list(READINGS).items;
  await vi.waitFor(() => expect(children()).toHaveLength(1));
  const [child] = children() as [KubeObject];
  expect(child).toMatchObject({ kind: 'Reading', spec: { gauge: 'pressure', of: 'run', before: 'Succeeded' } });
  const body = { status: { phase: 'Failed', message: 'off the scale' } };
  await client.patch(READINGS, child.metadata, { type: 'merge', body }, { subresource: 'status' });
  const stored = () => model.get(RUNS, run)['status'];
  await vi.waitFor(() =>
    expect(stored()).toMatchObject({
      phase: 'Failed',
      stepStatuses: expect.arrayContaining([
        expect.objectContaining({ name: 'measure', phase: 'Failed', message: 'off the scale' }),
      ]),
    }),
  );
});

test('plan counts its time, and shows its child', () => {
  const { orchestration: decoded } = decodeOrchestration(orchestration(chain));
  expect(planOrchestration(decoded, kinds).unbounded).toEqual(['measure']);
  const [preview, ...others] = previewChildren(decoded, NAMESPACE, {}, kinds);
  expect(others).toEqual([]);
  expect(preview).toMatchObject({ step: 'measure', kind: 'Reading', child: { spec: { gauge: 'pressure' } } });
});

test('the page says what it does', () => {
  const picture = drawPicture(orchestration(chain), undefined, policy);
  expect(picture.boxes.map((box) => describeKind(picture, box))).toEqual([
    'Checkpoint: marks a place in the graph',
    'Measurement: asks a Gauge',
  ]);
  expect(picture.problems).toEqual([]);
});

test('the chart grants what it needs, and the CRD names it', async () => {
  const copy = await mkdtemp(join(tmpdir(), 'made-up-kind-'));
  onTestFinished(() => rm(copy, { recursive: true }));
  await cp(join(root, 'charts'), join(copy, 'charts'), { recursive: true });
  await writeFile(join(copy, STEP_RULES), renderStepRules(kinds));
  const { helm } = await resolveTools(readSettings(process.env));
  const release = ['template', 'gate', 'charts/orchestration-gate', '--set', 'orchestrationController.enabled=true'];
  const { output, isDone } = await runHelm(copy, helm, release);
  expect(isDone, output).toBe(true);
  const rules = parseAllDocuments(output).flatMap((document) => document.toJSON()?.rules ?? []);
  expect(rules).toContainEqual({
    apiGroups: ['gauges.example.org'],
    resources: ['readings'],
    verbs: ['get', 'list', 'watch', 'create', 'delete'],
  });
  expect(renderCrds(kinds).get('orchestrations.yaml')).toMatch(/MemoryOp or\s+Measurement\./);
});
