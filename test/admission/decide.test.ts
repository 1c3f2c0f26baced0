import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decideMutation, decideValidation } from '../../src/admission/decide.ts';
import { defaultSettings, modes, type Settings } from '../../src/orchestration/settings.ts';
import { anyOrchestration } from '../support/objects.ts';
import {
  API_VERSION,
  checkpoint,
  cycle,
  orchestration,
  orchestrationRun,
  request,
  update,
} from '../support/reviews.ts';

const sound = orchestration([checkpoint('a'), checkpoint('b', 'a')]);
const cyclic = orchestration(cycle);

function validate(asked: Parameters<typeof decideValidation>[0], settings: Partial<Settings> = {}) {
  return decideValidation(asked, { ...defaultSettings, ...settings }).response;
}

function mutate(asked: Parameters<typeof decideMutation>[0], settings: Partial<Settings> = {}) {
  return decideMutation(asked, { ...defaultSettings, ...settings }).response;
}

describe('validation of an Orchestration', () => {
  test('allows a sound object without warnings', () => {
    expect(validate(request(sound))).toEqual({ allowed: true, auditAnnotations: { mode: 'enforce' } });
  });

  test('denies an object that can never run, in a form that kubectl and Argo CD show', () => {
    const steps = [checkpoint('build'), checkpoint('Test', 'biuld'), checkpoint('push', 'push')];
    expect(validate(request(orchestration(steps)))).toEqual({
      allowed: false,
      status: {
        code: 422,
        reason: 'Invalid',
        message:
          "2 problems: spec.steps[1].dependsOn[0]: no step is named 'biuld': did you mean 'build'?; " +
          "spec.steps[2].dependsOn[0]: 'push' waits for itself and could never start: remove this entry",
        details: {
          group: 'orchestration.proompteng.ai',
          kind: 'Orchestration',
          name: 'nightly',
          causes: [
            {
              reason: 'MissingDependency',
              field: 'spec.steps[1].dependsOn[0]',
              message: 'no step is named "biuld": did you mean "build"?',
            },
            {
              reason: 'SelfDependency',
              field: 'spec.steps[2].dependsOn[0]',
              message: '"push" waits for itself and could never start: remove this entry',
            },
          ],
        },
      },
      warnings: [
        'spec.steps[1].name: "Test" is not a DNS label of at most 63 characters (a-z, 0-9, "-"): labels will show a hash of it',
      ],
      auditAnnotations: { mode: 'enforce', 'rule-codes': 'MissingDependency,SelfDependency,NonPortableStepName' },
    });
  });

  test('in mode warn allows everything and warns of its problems', () => {
    expect(validate(request(cyclic), { mode: 'warn' })).toEqual({
      allowed: true,
      warnings: [
        'spec.steps[1].dependsOn[0]: dependency cycle a → b → a: none of them could ever start; remove one of these dependencies',
      ],
      auditAnnotations: { mode: 'warn', 'rule-codes': 'DependencyCycle' },
    });
  });

  test('in mode off judges nothing', () => {
    expect(validate(request(cyclic), { mode: 'off' })).toEqual({ allowed: true });
  });

  test('returns the codes of the violated rules, each with its severity', () => {
    const { problems } = decideValidation(request(orchestration([checkpoint('A', 'A')])), defaultSettings);
    expect(problems.map(({ code, severity }) => `${severity} ${code}`)).toEqual([
      'deny SelfDependency',
      'warn NonPortableStepName',
    ]);
  });

  test.each([
    ['of labels only', cyclic, { ...cyclic, metadata: { ...cyclic.metadata, labels: { team: 'a' } } }],
    ['of status only', cyclic, { ...cyclic, status: { phase: 'Invalid' } }],
    ['with the keys in another order', cyclic, { ...cyclic, spec: { ...reverseKeys(cyclic.spec) } }],
    [
      'of an object that is being deleted',
      sound,
      { ...cyclic, metadata: { ...cyclic.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } },
    ],
  ])('allows a change %s, with a warning', (_, before, after) => {
    const { allowed, warnings } = validate(update(before, after));
    expect(allowed).toBe(true);
    expect(warnings).toHaveLength(1);
  });

  test.each([
    ['of a sound object into a cyclic one', update(sound, cyclic)],
    ['of a part of spec other than steps', update(cyclic, orchestration(cycle, { spec: { entrypoint: 'a' } }))],
    ['of nothing, since there is no old object', update(undefined, cyclic)],
    ['of nothing, since neither has a spec', update(undefined, { ...cyclic, spec: undefined })],
    ['while deletionTimestamp is null', update(sound, { ...cyclic, metadata: { deletionTimestamp: null } })],
    ['that claims to be a creation', request(cyclic, { oldObject: cyclic })],
  ])('denies a change %s', (_, asked) => {
    expect(validate(asked)).toMatchObject({ allowed: false, status: { code: 422 } });
  });

  test.each([
    ['a deletion', { operation: 'DELETE', object: null, oldObject: cyclic }],
    ['a change of its status', { operation: 'UPDATE', subResource: 'status' }],
    ['a change of its scale', { operation: 'UPDATE', subResource: 'scale' }],
  ])('allows %s without judging it', (_, fields) => {
    expect(validate(request(cyclic, fields))).toEqual({ allowed: true });
  });
});

describe('validation of an OrchestrationRun', () => {
  const run = (name: unknown, parts = {}) => orchestrationRun({ orchestrationRef: { name } }, parts);
  const started = { status: { runId: 'nightly-1', phase: 'Running' } };

  test.each([
    ['its creation', request(run('nightly'))],
    ['another spec before it has started', update(run('nightly'), run('weekly'))],
    ['a new status', update(run('nightly'), run('nightly', started))],
    [
      'the annotation that cancels it',
      update(run('x', started), run('x', { ...started, metadata: { annotations: { a: 'b' } } })),
    ],
  ])('allows %s', (_, asked) => {
    expect(validate(asked)).toEqual({ allowed: true, auditAnnotations: { mode: 'enforce' } });
  });

  test.each([
    ['MissingOrchestrationRef', 'a run of nothing', request(orchestrationRun({}))],
    ['MissingOrchestrationRef', 'a run without spec', request(orchestrationRun(undefined))],
    ['MissingOrchestrationRef', 'a run of an empty name', request(run(''))],
    ['RunSpecImmutable', 'another spec once it has started', update(run('nightly', started), run('weekly', started))],
    [
      'RunSpecImmutable',
      'new parameters once it has started',
      update(run('x', started), orchestrationRun({ orchestrationRef: { name: 'x' }, parameters: { a: 'b' } })),
    ],
  ])('denies with %s %s', (code, _, asked) => {
    expect(validate(asked)).toMatchObject({
      allowed: false,
      status: { code: 422, details: { kind: 'OrchestrationRun', name: 'nightly-1', causes: [{ reason: code }] } },
    });
  });

  test('allows labels and deletion of a run that should never have been stored', () => {
    const stored = orchestrationRun({});
    expect(validate(update(stored, { ...stored, metadata: { labels: {} } })).allowed).toBe(true);
  });
});

describe('a request that is not for the gate', () => {
  test.each([
    ['another group', { kind: { group: 'apps', version: 'v1', kind: 'Deployment' } }, '"apps/v1 Deployment"'],
    [
      'another version',
      { kind: { group: 'orchestration.proompteng.ai', version: 'v2', kind: 'Orchestration' } },
      '"orchestration.proompteng.ai/v2 Orchestration"',
    ],
    [
      'a kind that is a property of every object',
      { kind: { group: 'orchestration.proompteng.ai', version: 'v1alpha1', kind: 'constructor' } },
      '"orchestration.proompteng.ai/v1alpha1 constructor"',
    ],
    ['no kind', { kind: null }, '"/ "'],
  ])('is denied: %s', (_, fields, found) => {
    expect(validate(request(cyclic, fields))).toEqual({
      allowed: false,
      status: {
        code: 400,
        reason: 'BadRequest',
        message: `this webhook judges Orchestration and OrchestrationRun of ${API_VERSION}, not ${found}: fix its rules`,
      },
    });
  });

  test.each([
    ['another kind', { ...sound, kind: 'OrchestrationRun' }],
    ['another version', { ...sound, apiVersion: 'orchestration.proompteng.ai/v2' }],
    ['a list', [sound]],
    ['nothing', null],
  ])('is denied if its kind is Orchestration but its object is %s', (_, object) => {
    const kind = { group: 'orchestration.proompteng.ai', version: 'v1alpha1', kind: 'Orchestration' };
    expect(validate(request(sound, { kind, object }))).toMatchObject({
      allowed: false,
      status: { message: `the request is about Orchestration of ${API_VERSION}, but its object is not one` },
    });
  });

  test.each(['CONNECT', 'create', ''])('is denied if its operation is %j', (operation) => {
    expect(validate(request(sound, { operation }))).toMatchObject({
      allowed: false,
      status: { message: `unknown operation "${operation}": expected CREATE, UPDATE or DELETE` },
    });
  });
});

describe('mutation', () => {
  const sequence = orchestration([checkpoint('a'), checkpoint('b')]);
  const run = orchestrationRun({});
  const bucket = 'orchestration.proompteng.ai/bucket';
  const runIn = (of: string, user: string) =>
    orchestrationRun(
      {},
      { metadata: { labels: { [bucket]: of }, annotations: { 'orchestration.proompteng.ai/created-by': user } } },
    );
  const owner = { apiVersion: API_VERSION, kind: 'OrchestrationRun', name: 'outer', uid: '1', controller: true };
  const nested = orchestrationRun({}, { metadata: { ownerReferences: [owner] } });
  const template = orchestrationRun({}, { metadata: { annotations: { 'agents.proompteng.ai/template': 'true' } } });
  const byAlice = { userInfo: { username: 'alice', groups: ['team'] } };

  test('writes the sequential default into a new object', () => {
    expect(mutate(request(sequence)).patch).toEqual([
      { op: 'add', path: '/spec/steps/1/dependsOn', value: ['a'] },
      {
        op: 'add',
        path: '/metadata/annotations',
        value: { 'orchestration.proompteng.ai/defaulted': 'sequential' },
      },
    ]);
  });

  test('does the same on a dry run', () => {
    expect(mutate(request(sequence, { dryRun: true }))).toEqual(mutate(request(sequence)));
  });

  test('uses the old object only of an update', () => {
    const metadata = { annotations: { 'orchestration.proompteng.ai/defaulted': 'sequential' } };
    const before = orchestration([checkpoint('a'), checkpoint('b', 'a')], { metadata });
    const after = orchestration([checkpoint('a'), checkpoint('x'), checkpoint('b', 'a')], { metadata });
    expect(mutate(update(before, after)).patch).toHaveLength(2);
    expect(mutate(request(after, { oldObject: before })).patch).toMatchObject([{ op: 'remove' }]);
  });

  test('warns if it derives a written chain again, and says which steps now wait for another step', () => {
    const metadata = { annotations: { 'orchestration.proompteng.ai/defaulted': 'sequential' } };
    const before = orchestration([checkpoint('a'), checkpoint('b', 'a'), checkpoint('c', 'b')], { metadata });
    const after = orchestration([checkpoint('b', 'a'), checkpoint('c', 'b'), checkpoint('d')]);
    const { warnings = [], patch } = mutate(update(before, after));
    expect(patch).toHaveLength(3);
    expect(warnings).toEqual([
      'spec.steps: no step declares its own dependsOn, so the gate writes the sequential default again: to start a step at once, set dependsOn: []',
      'spec.steps[0]: "b" now waits for nothing',
      'spec.steps[2]: "d" now waits for "c"',
    ]);
    expect(warnings.every(({ length }) => length <= 256)).toBe(true);
    expect(mutate(request(sequence)).warnings).toBeUndefined();
  });

  test('ignores an object over a limit', () => {
    const steps = Array.from({ length: 1001 }, (_, index) => checkpoint(`s${index}`));
    expect(mutate(request(orchestration(steps)))).toEqual({ allowed: true });
    expect(mutate(request(orchestration(steps.slice(1)))).patch).toHaveLength(1000);
    const unreadable = new Proxy(Array(1001), { get: (list, key) => (key === 'length' ? list.length : fail(key)) });
    const fail = (key: unknown): never => {
      throw new Error(`read ${String(key)}`);
    };
    expect(mutate(request(orchestration(unreadable)))).toEqual({ allowed: true });
  });

  test.each([
    ['in mode off', request(sequence), { mode: 'off' }],
    ['in defaulting mode Never', request(sequence), { defaulting: 'Never' }],
    ['of a run that is not new', update(run, run, byAlice), {}],
    ['of a template', request(template, byAlice), {}],
    ['of a run that has its bucket and names its creator', request(runIn('17', 'alice'), byAlice), {}],
    ['of a run without metadata', request({ ...runIn('17', 'alice'), metadata: undefined }, byAlice), {}],
    ['of a nested run whose creator is unknown', request(nested), {}],
    ['of a status', update(sequence, sequence, { subResource: 'status' }), {}],
    ['of a deletion', request(null, { operation: 'DELETE', oldObject: sequence }), {}],
    ['of an object that is being deleted', request({ ...sequence, metadata: { deletionTimestamp: 'now' } }), {}],
    ['of another version', request({ ...sequence, apiVersion: 'v1' }), {}],
    ['of a cyclic object, which validation denies', request(cyclic), {}],
  ] as const)('changes nothing %s', (_, asked, settings) => {
    expect(mutate(asked, settings)).toEqual({ allowed: true });
  });

  test.each(modes)('writes the bucket and the creator of a run in mode %s, in place of any other creator', (mode) => {
    const labels = { op: 'add', path: '/metadata/labels', value: { [bucket]: '32' } };
    const path = '/metadata/annotations';
    expect(mutate(request(run, byAlice), { mode }).patch).toEqual([
      labels,
      { op: 'add', path, value: { 'orchestration.proompteng.ai/created-by': 'alice' } },
    ]);
    expect(mutate(request(runIn('17', 'bob'), byAlice), { mode }).patch).toEqual([
      { op: 'add', path: `${path}/orchestration.proompteng.ai~1created-by`, value: 'alice' },
    ]);
    expect(mutate(request(run), { mode }).patch).toEqual([labels]);
  });

  test('replaces a bucket that does not exist', () => {
    expect(mutate(request(runIn('64', 'alice'), byAlice)).patch).toEqual([
      { op: 'add', path: `/metadata/labels/${bucket.replace('/', '~1')}`, value: '32' },
    ]);
  });

  test('gives each request its bucket by its uid, and a request that is sent again the same', () => {
    const stamp = (uid: string) => mutate(request(run, { uid })).patch;
    expect(stamp('one')).toEqual(stamp('one'));
    expect(stamp('one')).not.toEqual(stamp('two'));
  });

  test('never denies', () => {
    fc.assert(
      fc.property(anyOrchestration, anyOrchestration, fc.constantFrom(...modes), (object, oldObject, mode) => {
        const { allowed, status } = mutate(update(oldObject, object), { mode });
        expect([allowed, status]).toEqual([true, undefined]);
      }),
      { numRuns: 500 },
    );
  });
});

function reverseKeys<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).toReversed()) as T;
}
