import { beforeAll, describe, expect, it } from 'vitest';
import { describeNeeding } from '../support/controlplane/suite.ts';
import { orchestration, orchestrationRun, useGatedNamespace, withKind } from '../support/gated.ts';
import { step } from '../support/steps.ts';

const broken = [step('fetch', 'build'), step('build', 'fetch')];
const otherwiseBroken = [step('fetch', 'absent'), step('build', 'fetch')];

describeNeeding(['loopbackWebhooks'], 'an Orchestration that was broken before there was a gate', () => {
  const gated = useGatedNamespace();

  describe.each([
    { gateIs: 'up', refusal: '" is invalid: spec.steps[0].dependsOn[0]: no step is named "absent"' },
    { gateIs: 'down', refusal: 'failed calling webhook "validate.orchestrations.orchestration.proompteng.ai"' },
  ])('while the gate is $gateIs', ({ gateIs, refusal }) => {
    const name = `stored-before-${gateIs}`;
    const object = `orchestration/${name}`;
    const patch = (content: object) => ['patch', object, '--type=merge', '--patch', JSON.stringify(content)];
    const condition = { type: 'Ready', status: 'False', reason: 'DependencyCycle', message: '' };
    const status = { phase: 'Invalid', conditions: [{ ...condition, lastTransitionTime: '2026-01-01T00:00:00Z' }] };

    beforeAll(async () => {
      const { gate, send, pathOf } = gated();
      await gate.setOverride('off');
      expect(await send('POST', pathOf(), orchestration(name, broken))).toMatchObject({ status: 201 });
      await gate.setOverride(undefined);
      if (gateIs === 'down') await gate.process.kill('SIGKILL');
    });

    async function accepts(toolArguments: readonly string[], input?: object) {
      expect(await gated().kubectl(toolArguments, input)).toMatchObject({ code: 0, stderr: '' });
    }

    it('can be labelled', () => accepts(['label', object, 'team=shop']));
    it('can be annotated', () => accepts(['annotate', object, 'example.com/owner=shop']));
    it('can be applied again', () => accepts(['apply', '--server-side', '-f', '-'], orchestration(name, broken)));
    it('can have its status written', () => accepts([...patch({ status }), '--subresource=status']));
    it('can have its runs created', () => accepts(['create', '-f', '-'], orchestrationRun(name, name)));

    it('cannot be broken otherwise', async () => {
      const { kubectl, read } = gated();
      const result = await kubectl(patch({ spec: { steps: withKind(otherwiseBroken) } }));
      expect(result).toMatchObject({ code: 1, stderr: expect.stringContaining(refusal) });
      expect((await read(name))?.spec.steps).toEqual(withKind(broken));
    });

    it('can be finalized and deleted', async () => {
      await accepts(patch({ metadata: { finalizers: ['example.com/hold'] } }));
      await accepts(['delete', object, '--wait=false']);
      await accepts(patch({ metadata: { finalizers: null } }));
      expect(await gated().read(name)).toBeUndefined();
    });
  });
});
