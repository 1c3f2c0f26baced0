import { describe, expect, it } from 'vitest';
import type { Step } from '../../src/dag/graph.ts';
import { describeOnBothCrds, orchestration, withKind } from '../support/gated.ts';
import { root, step } from '../support/steps.ts';

const annotation = 'orchestration.proompteng.ai/defaulted';
const undeclared = [step('fetch'), step('build'), step('test')];
const chained = [step('fetch'), step('build', 'fetch'), step('test', 'build')];

function rename(index: number): object {
  return { op: 'replace', path: `/spec/steps/${index}/name`, value: 'ship' };
}

describeOnBothCrds('the sequential default', (gated) => {
  /** Creates an Orchestration and returns what is stored of it. */
  async function create(name: string, steps: readonly Step[], metadata: object = {}) {
    const { send, pathOf } = gated();
    expect(await send('POST', pathOf(), orchestration(name, steps, metadata))).toMatchObject({ status: 201 });
    return stored(name);
  }

  async function change(name: string, operation: object) {
    const { send, pathOf } = gated();
    const type = 'application/json-patch+json';
    expect(await send('PATCH', pathOf(name), [operation], type)).toMatchObject({ status: 200 });
    return stored(name);
  }

  async function stored(name: string) {
    const { metadata, spec } = (await gated().read(name)) ?? {};
    return { steps: spec?.steps, isMarked: metadata?.annotations?.[annotation] === 'sequential' };
  }

  const written = (steps: readonly Step[]) => ({ steps: withKind(steps), isMarked: true });
  const asDeclared = (steps: readonly Step[]) => ({ steps: withKind(steps), isMarked: false });

  describe.each([
    ['client-side', []],
    ['server-side', ['--server-side']],
  ])('under a %s apply', (side, flags) => {
    const run = (verb: string, name: string, steps: readonly Step[]) =>
      gated().kubectl([verb, ...flags, '-f', '-'], orchestration(name, steps));

    it('is no change when it is applied again, and no difference', async () => {
      const name = `again-${side}`;
      for (const _ of ['created', 'applied again']) {
        expect(await run('apply', name, undeclared)).toMatchObject({ code: 0 });
        expect(await stored(name)).toEqual(written(chained));
      }
      expect(await gated().read(name)).toMatchObject({ metadata: { generation: 1 } });
      expect(await run('diff', name, undeclared)).toEqual({ code: 0, stdout: '', stderr: '' });
    });

    it('is derived again when a step is inserted', async () => {
      const name = `insert-${side}`;
      await run('apply', name, [step('fetch'), step('test')]);
      await run('apply', name, undeclared);
      expect(await stored(name)).toEqual(written(chained));
    });

    it('gives way to what is declared, and comes back when all of that is removed', async () => {
      const name = `declare-${side}`;
      const declared = [root('fetch'), root('build'), step('test', 'fetch', 'build')];
      for (const [steps, expected] of [
        [undeclared, written(chained)],
        [declared, asDeclared(declared)],
        [undeclared, written(chained)],
      ] as const) {
        expect(await run('apply', name, steps)).toMatchObject({ code: 0, stderr: '' });
        expect(await stored(name)).toEqual(expected);
      }
    });
  });

  it.each([
    [
      'is added at the end',
      { op: 'add', path: '/spec/steps/-', value: { name: 'ship', kind: 'Checkpoint' } },
      ['fetch', 'build', 'test', 'ship'],
    ],
    [
      'is added before the first',
      { op: 'add', path: '/spec/steps/0', value: { name: 'ship', kind: 'Checkpoint' } },
      ['ship', 'fetch', 'build', 'test'],
    ],
    ['in the middle is removed', { op: 'remove', path: '/spec/steps/1' }, ['fetch', 'test']],
    ['at the start is removed', { op: 'remove', path: '/spec/steps/0' }, ['build', 'test']],
    ['in the middle is renamed', rename(1), ['fetch', 'ship', 'test']],
    ['at the start is renamed', rename(0), ['ship', 'build', 'test']],
    ['at the end is renamed', rename(2), ['fetch', 'build', 'ship']],
  ])('is derived anew when in a JSON patch a step %s', async (what, operation, names) => {
    const name = `patch-${what.replaceAll(' ', '-')}`;
    await create(name, undeclared);
    const chain = names.map((own, index) => step(own, ...names.slice(0, index).slice(-1)));
    expect(await change(name, operation)).toEqual(written(chain));
  });

  it('makes an appended step wait for its last step, and warns about it', async () => {
    const steps = [...chained, step('ship')];
    const run = (name: string) => gated().kubectl(['apply', '-f', '-'], orchestration(name, steps));
    const fresh = await run('fresh-behind');
    expect(fresh.stderr).toMatch(/but not by "ship": a step without it starts at once/);
    expect(await stored('fresh-behind')).toEqual(asDeclared(steps));

    await create('written-before', undeclared);
    expect(await run('written-before')).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(
        /^Warning: spec\.steps: no step declares its own dependsOn, so the gate writes the sequential default again: (.*\n)*Warning: .*"ship" now waits for "test"$/m,
      ),
    });
    expect(await stored('written-before')).toEqual(written([...chained, step('ship', 'test')]));
  });

  it('loses its mark when the chain is no longer that', async () => {
    await create('cut', undeclared);
    const cut = [step('fetch'), step('build', 'fetch'), root('test')];
    const operation = { op: 'replace', path: '/spec/steps/2/dependsOn', value: [] };
    expect(await change('cut', operation)).toEqual(asDeclared(cut));
  });

  const tracked = [
    { annotations: { 'argocd.argoproj.io/tracking-id': 'app:orchestration.proompteng.ai/Orchestration:ns/x' } },
    { labels: { 'app.kubernetes.io/instance': 'app' } },
  ];

  it('is not written into what Argo CD tracks', async () => {
    for (const [index, metadata] of tracked.entries()) {
      expect(await create(`tracked-${index}`, undeclared, metadata)).toEqual(asDeclared(undeclared));
    }
  });

  it('is written into everything, or nothing, where the settings say so', async () => {
    const { gate } = gated();
    await gate.writeSettings({ 'defaulting.mode': 'Always' });
    expect(await create('always', undeclared, tracked[0])).toEqual(written(chained));
    await gate.writeSettings({ 'defaulting.mode': 'Never' });
    expect(await create('never', undeclared)).toEqual(asDeclared(undeclared));
    await gate.writeSettings({});
    expect(await create('auto', undeclared)).toEqual(written(chained));
  });
});
