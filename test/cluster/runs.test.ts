import { expect, it } from 'vitest';
import { describeNeeding } from '../support/controlplane/suite.ts';
import { orchestrationRun, useGatedNamespace } from '../support/gated.ts';

describeNeeding(['loopbackWebhooks'], 'an OrchestrationRun', () => {
  const gated = useGatedNamespace();
  const run = 'orchestrationrun/nightly';
  const create = ['create', '-f', '-'];
  const patch = (content: object) => ['patch', run, '--type=merge', '--patch', JSON.stringify(content)];
  const patchStatus = (status: object) => [...patch({ status }), '--subresource=status'];

  async function accepts(toolArguments: readonly string[], input?: object) {
    expect(await gated().kubectl(toolArguments, input)).toMatchObject({ code: 0, stderr: '' });
  }

  async function refuses(why: string, toolArguments: readonly string[], input?: object) {
    const stderr = expect.stringContaining(why);
    expect(await gated().kubectl(toolArguments, input)).toMatchObject({ code: 1, stderr });
  }

  it.each([
    ['a spec', {}, 'invalid: spec.orchestrationRef: is absent'],
    ['a reference', { spec: {} }, 'spec.orchestrationRef: Required value'],
    ['a name', { spec: { orchestrationRef: { name: '' } } }, 'invalid: spec.orchestrationRef.name: is empty'],
  ])('is refused without %s', async (_, { spec }: { spec?: object }, why) => {
    await refuses(why, [...create, '--validate=false'], { ...orchestrationRun('nameless', ''), spec });
  });

  it('may change until its snapshot is stored, and afterwards in all but its spec', async () => {
    await accepts(create, orchestrationRun('nightly', 'release'));
    await accepts(patch({ spec: { parameters: { version: '1' } } }));

    await accepts(patchStatus({ runId: 'nightly' }));
    const why = 'is invalid: spec: the run has started and follows its snapshot';
    await refuses(why, patch({ spec: { parameters: { version: '2' } } }));
    await refuses(why, ['replace', '-f', '-'], orchestrationRun('nightly', 'other'));

    await accepts(['label', run, 'team=shop']);
    await accepts(['annotate', run, 'orchestration.proompteng.ai/cancel=true']);
    await accepts(patchStatus({ phase: 'Running' }));
    await accepts(['delete', run]);
  });
});
