import { expect, it } from 'vitest';
import { describeOnBothCrds, orchestrationRun } from '../support/gated.ts';

describeOnBothCrds('an OrchestrationRun', (gated) => {
  async function accepts(toolArguments: readonly string[], input?: object) {
    expect(await gated().kubectl(toolArguments, input)).toMatchObject({ code: 0, stderr: '' });
  }

  async function refuses(why: string, toolArguments: readonly string[], input?: object) {
    const stderr = expect.stringContaining(why);
    expect(await gated().kubectl(toolArguments, input)).toMatchObject({ code: 1, stderr });
  }

  const create = ['create', '-f', '-'];
  const patch = (name: string, content: object) => [
    'patch',
    'orchestrationrun',
    name,
    '--type=merge',
    '--patch',
    JSON.stringify(content),
  ];

  it.each([
    ['spec', {}, 'invalid: spec.orchestrationRef: is absent'],
    ['a reference', { spec: {} }, 'spec.orchestrationRef: Required value'],
    [
      'a name',
      { spec: { orchestrationRef: { name: '' } } },
      'invalid: spec.orchestrationRef.name: is empty: name the Orchestration to run',
    ],
  ])('is refused without %s', async (_, { spec }: { spec?: object }, why) => {
    await refuses(why, [...create, '--validate=false'], { ...orchestrationRun('nameless', ''), spec });
  });

  it('may change until it has taken its snapshot, and then all but its spec', async () => {
    await accepts(create, orchestrationRun('nightly', 'release'));
    await accepts(patch('nightly', { spec: { parameters: { version: '1' } } }));

    await accepts([...patch('nightly', { status: { runId: 'nightly' } }), '--subresource=status']);
    const why = 'is invalid: spec: the run has started and follows its snapshot';
    await refuses(why, patch('nightly', { spec: { parameters: { version: '2' } } }));
    await refuses(why, ['replace', '-f', '-'], orchestrationRun('nightly', 'other'));

    await accepts(['label', 'orchestrationrun/nightly', 'team=shop']);
    await accepts(['annotate', 'orchestrationrun/nightly', 'orchestration.proompteng.ai/cancel=true']);
    await accepts([...patch('nightly', { status: { phase: 'Running' } }), '--subresource=status']);
    await accepts(['delete', 'orchestrationrun/nightly']);
  });
});
