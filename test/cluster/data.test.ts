import { describe, expect, it } from 'vitest';
import { writeToolRunState } from '../../src/orchestration/tool-run-state.ts';
import { Annotation } from '../../src/orchestration/vocabulary/metadata.ts';
import { useReconciledNamespace } from '../support/reconciler.ts';
import { agent, tool } from '../support/run-steps.ts';
import { hasEnded, phasesOf, stepOf } from '../support/statuses.ts';

const VALUE = '${{ steps.build.outputs.value }}';
const NASTY = `"'\\\n\u2028 ${VALUE} {{ inputs.x }} $(x) \${x} </script>`;

describe('a run whose steps hand values to each other', () => {
  const reconciled = useReconciledNamespace();

  /** Plays the executor of ToolRuns: the ToolRun of a step succeeds with these outputs. */
  async function endWith(run: string, step: string, outputs: Readonly<Record<string, string>>): Promise<void> {
    const { api, childOf } = reconciled();
    const { metadata } = await childOf(run, step);
    const finishedAt = new Date().toISOString();
    const outcome = { phase: 'Succeeded', reason: 'Completed', message: '', finishedAt } as const;
    const state = writeToolRunState(metadata, { startedAt: finishedAt, outcome, outputs });
    await api.edit('ToolRun', metadata.name, { metadata: { annotations: { [Annotation.ToolRunState]: state } } });
  }

  it('delivers any value as one string, in text, in JSON text and in a field of the child', async () => {
    const { run, childOf, endChild, statusOf } = reconciled();
    const ship = agent('ship', {
      dependsOn: ['build'],
      implementation: { inline: { text: `ship ${VALUE}` } },
      with: { text: VALUE, json: JSON.stringify({ list: [VALUE, { [VALUE]: `a ${VALUE}` }] }) },
    });
    await run('shipping', { steps: [tool('build', { dependsOn: [] }), ship] });
    await endWith('shipping', 'build', { value: NASTY });
    const { parameters, implementation } = (await childOf('shipping', 'ship'))['spec'];
    expect(implementation.inline.text).toBe(`ship ${NASTY}`);
    expect(parameters.text).toBe(NASTY);
    expect(JSON.parse(parameters.json)).toEqual({ list: [NASTY, { [VALUE]: `a ${NASTY}` }] });
    await endChild('shipping', 'ship', 'Succeeded');
    expect(stepOf(await statusOf('shipping', hasEnded), 'build').outputs).toEqual({ value: NASTY });
  });

  it('skips a step whose condition is false, and runs its dependents', async () => {
    const { run, childOf, endChild, statusOf } = reconciled();
    const steps = [
      tool('build', { dependsOn: [] }),
      tool('sign', { dependsOn: ['build'], when: 'steps.build.outputs.value == "release"' }),
      tool('keep', { dependsOn: ['sign'], when: 'steps.build.outputs.value != "release"' }),
    ];
    await run('deciding', { steps });
    await endWith('deciding', 'build', { value: 'draft' });
    await childOf('deciding', 'keep');
    await endChild('deciding', 'keep', 'Succeeded');
    const status = await statusOf('deciding', hasEnded);
    expect(phasesOf(status)).toEqual({ build: 'Succeeded', sign: 'Skipped', keep: 'Succeeded' });
    expect(stepOf(status, 'sign')).toMatchObject({ reason: 'ConditionFalse', attempt: 0 });
    expect(status.phase).toBe('Succeeded');
  });

  it('fails a step whose condition or input cannot be evaluated, and does not retry it', async () => {
    const { run, statusOf } = reconciled();
    const steps = [
      tool('build', { dependsOn: [] }),
      tool('decide', { dependsOn: ['build'], when: 'int(steps.build.outputs.value) > 1', retries: 3 }),
      tool('use', { dependsOn: ['build'], with: { other: '${{ steps.build.outputs.other }}' }, retries: 3 }),
    ];
    await run('failing', { steps });
    await endWith('failing', 'build', { value: 'many' });
    const status = await statusOf('failing', hasEnded);
    expect(stepOf(status, 'decide')).toMatchObject({ phase: 'Failed', reason: 'ConditionFailed', attempt: 0 });
    expect(stepOf(status, 'use')).toMatchObject({ phase: 'Failed', reason: 'InputFailed', attempt: 0 });
    expect(stepOf(status, 'decide').message).toBe(
      'when: "int(steps.build.outputs.value)": the value cannot be converted to int',
    );
  });

  it('reads the outputs that a step declares from the status of its child', async () => {
    const { run, api, childOf, statusOf } = reconciled();
    const fix = agent('fix', { outputs: { branch: 'child.status.vcs.headBranch + "@" + run.name' } });
    const review = tool('review', { dependsOn: ['fix'], with: { branch: '${{ steps.fix.outputs.branch }}' } });
    await run('reviewing', { steps: [fix, review] });
    const { metadata } = await childOf('reviewing', 'fix');
    await api.setStatus('AgentRun', metadata.name, { phase: 'Succeeded', vcs: { headBranch: 'fix-7' } });
    expect((await childOf('reviewing', 'review'))['spec'].parameters).toEqual({ branch: 'fix-7@reviewing' });
    const status = await statusOf('reviewing', ({ stepStatuses }) => stepStatuses[0]?.outputs !== undefined);
    expect(stepOf(status, 'fix').outputs).toEqual({ branch: 'fix-7@reviewing' });
  });

  it('passes values into a nested run and out of it', async () => {
    const { api, run, childOf } = reconciled();
    const build = tool('build', { with: { text: '${{ parameters.given }}' } });
    await api.create('Orchestration', 'inner', { spec: { steps: [build] } });
    const steps = [
      tool('build', { dependsOn: [] }),
      {
        ...{ name: 'sub', kind: 'SubOrchestration', dependsOn: ['build'], orchestrationRef: { name: 'inner' } },
        with: { given: VALUE },
        outputs: { value: 'child.steps.build.outputs.value' },
      },
      tool('use', { dependsOn: ['sub'], with: { text: '${{ steps.sub.outputs.value }}' } }),
    ];
    await run('outer', { steps });
    await endWith('outer', 'build', { value: NASTY });
    const { metadata } = await childOf('outer', 'sub');
    expect((await childOf(metadata.name, 'build'))['spec'].parameters).toEqual({ given: NASTY, text: NASTY });
    await endWith(metadata.name, 'build', { value: `${NASTY}!` });
    expect((await childOf('outer', 'use'))['spec'].parameters).toEqual({ text: `${NASTY}!` });
  });
});
