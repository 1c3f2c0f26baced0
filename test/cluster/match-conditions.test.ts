import { describe, expect, it } from 'vitest';
import { describeNeeding } from '../support/controlplane/suite.ts';
import { describeOnBothCrds, orchestration, useGatedNamespace, withKind } from '../support/gated.ts';
import { root, step } from '../support/steps.ts';

const marked = { annotations: { 'orchestration.proompteng.ai/defaulted': 'sequential' } };
const load = { name: 'fetch', kind: 'Checkpoint' };
const build = { name: 'build', kind: 'Checkpoint' };
const declared = withKind([root('fetch'), step('build', 'fetch')]);
/** Only the last of these steps declares what it waits for, so all must be looked at to find it. */
const declaredLast = (length: number) => [...manySteps(length - 1), { ...load, dependsOn: [] }];

function manySteps(length: number): object[] {
  return Array.from({ length }, (_, index) => ({ ...load, name: `s${index}` }));
}

type Request = Parameters<ReturnType<ReturnType<typeof useGatedNamespace>>['send']>;

/** Sends requests and returns their status, and whether the gate was asked for a default. */
function asking(gated: ReturnType<typeof useGatedNamespace>) {
  /** Sends a request. An expression that fails denies with 403, so 201 and 422 come from what follows it. */
  async function ask(...request: Request) {
    const before = await countDefaults();
    const { status } = await gated().send(...request);
    return { status, isAsked: (await countDefaults()) > before };
  }

  /**
   * Reads the count from the metrics: the gate counts a review before it takes the next request, but may log it after
   * the API server has answered.
   */
  async function countDefaults(): Promise<number> {
    const response = await fetch(`${gated().gate.sideUrl}/metrics`);
    const counts = (await response.text()).matchAll(/^\w+_requests_total\{webhook="mutate",.*\} (\d+)$/gm);
    return counts.reduce((sum, [, count]) => sum + Number(count), 0);
  }

  let created = 0;
  const create = (spec: unknown, metadata: object = {}) =>
    ask('POST', gated().pathOf(), { ...orchestration(`create-${created++}`, [], metadata), spec });
  return { ask, create };
}

describeOnBothCrds('the API server', (gated) => {
  const { ask, create } = asking(gated);

  it.each([
    ['declare nothing', [load, build]],
    ['declare nothing and are a thousand', manySteps(1000)],
    ['have null for dependsOn', [load, { ...build, dependsOn: null }]],
  ])('asks for a default of steps that %s', async (_, steps) => {
    expect(await create({ steps })).toEqual({ status: 201, isAsked: true });
  });

  it.each([
    ['declare what they wait for', declared],
    ['declare it in part', [load, { ...build, dependsOn: [] }]],
    ['are a single one', [load]],
    ['declare it in the last of a thousand', declaredLast(1000)],
  ])('does not ask for a default of steps that %s', async (_, steps) => {
    expect(await create({ steps })).toEqual({ status: 201, isAsked: false });
  });

  it('asks for a default of what is marked to have it', async () => {
    expect(await create({ steps: declared }, marked)).toEqual({ status: 201, isAsked: true });
  });

  it.each([
    ['a thousand and one that declare nothing', manySteps(1001), {}],
    ['a thousand and one, though they are marked', declaredLast(1001), marked],
    ['three thousand that are empty', Array(3000).fill({}), marked],
    [
      'one with 257 dependencies, though they are marked',
      [load, { ...build, dependsOn: Array(257).fill('fetch') }],
      marked,
    ],
  ])('does not ask about steps over a limit: %s', async (_, steps, metadata) => {
    expect(await create({ steps }, metadata)).toEqual({ status: 422, isAsked: false });
  });

  it.each([undefined, null, {}])('leaves metadata that are %j to the API server', async (metadata) => {
    const content = { ...orchestration('', []), spec: { steps: [load] }, metadata };
    expect(await ask('POST', gated().pathOf(), content)).toEqual({ status: 422, isAsked: false });
  });

  const malformed: readonly (readonly [string, unknown])[] = [
    ['an absent spec', undefined],
    ['null for a spec', null],
    ['a text for a spec', 'steps'],
    ['a list for a spec', [load, build]],
    ['absent steps', { entrypoint: 'fetch' }],
    ['no step', { steps: [] }],
    ['null for steps', { steps: null }],
    ['a text for steps', { steps: 'fetch' }],
    ['a map for steps', { steps: { fetch: load, build } }],
    ['a text for a step', { steps: [load, 'build'] }],
    ['null for a step', { steps: [null, build] }],
    ['a list for a step', { steps: [load, [build]] }],
    ['a text for dependsOn', { steps: [load, { ...build, dependsOn: 'fetch' }] }],
  ];

  describe.each(malformed)('given %s', (what, spec) => {
    it('leaves the verdict of a create to the schema and the gate', async () => {
      expect(await create(spec)).toEqual({ status: 422, isAsked: false });
      expect(await create(spec, marked)).toEqual({ status: 422, isAsked: true });
      expect(await create(spec, { annotations: null })).toEqual({ status: 422, isAsked: false });
    });

    it('leaves the verdict of an update to the schema and the gate', async () => {
      const { pathOf } = gated();
      const name = `update-${what.replaceAll(' ', '-').toLowerCase()}`;
      const type = 'application/json-patch+json';
      expect(await ask('POST', pathOf(), orchestration(name, [step('fetch'), step('build')]))).toMatchObject({
        status: 201,
      });
      const op = spec === undefined ? { op: 'remove' } : { op: 'replace', value: spec };
      const patch = [{ path: '/spec', ...op }];
      expect(await ask('PATCH', pathOf(name), patch, type)).toEqual({ status: 422, isAsked: true });
    });
  });
});

describeNeeding(['loopbackWebhooks'], 'the API server, with far higher limits', () => {
  const settings = { 'limits.maxSteps': '50000', 'limits.maxDependencies': '50000' };
  const { create } = asking(useGatedNamespace({ settings }));

  it('goes through ten thousand steps, and does not ask about more', async () => {
    expect(await create({ steps: manySteps(10_000) })).toEqual({ status: 201, isAsked: true });
    expect(await create({ steps: declaredLast(10_000) }, marked)).toEqual({ status: 201, isAsked: true });
    expect(await create({ steps: manySteps(10_001) })).toEqual({ status: 201, isAsked: false });
    expect(await create({ steps: manySteps(30_000) }, marked)).toEqual({ status: 201, isAsked: false });
  });
});
