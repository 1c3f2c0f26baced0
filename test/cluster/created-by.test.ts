import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { readBucket } from '../../src/orchestration/buckets.ts';
import type { ControlPlane } from '../support/controlplane/controlplane.ts';
import { describeNeeding, startOwnControlPlane } from '../support/controlplane/suite.ts';
import { CREATED_BY, NAMESPACE, runOf } from '../support/forgeries.ts';
import { type Gate, installCrds, installWebhooks, startGate } from '../support/gate.ts';

/** The API server hears of policies and roles a moment after they are stored. */
const patience = { timeout: 150_000 };

const chart = join(import.meta.dirname, '../../charts/orchestration-gate');
const SCHEDULE = `system:serviceaccount:${NAMESPACE}:schedule`;
const TEMPLATE = { 'agents.proompteng.ai/template': 'true' };
/** A busy machine may give no answer in 5 s. */
const values = ['orchestrationController.enabled=true', 'webhook.timeoutSeconds=30'];
const create = ['create', '-f', '-'];

describeNeeding(['ownControlPlane'], 'the creator and the bucket of a run', () => {
  let plane: ControlPlane;
  let gate: Gate;

  beforeAll(async () => {
    plane = await startOwnControlPlane({ users: ['alice', 'bob', SCHEDULE] });
    await installCrds(plane, 'ours');
    await kubectl('admin', ['create', 'namespace', NAMESPACE]);
    const users = [...plane.tokens.keys()].map((user) => `--user=${user}`);
    const all = ['--verb=*', '--resource=orchestrationruns.orchestration.proompteng.ai'];
    await kubectl('admin', ['create', 'role', 'editor', ...all]);
    await kubectl('admin', ['create', 'rolebinding', 'editor', '--role=editor', ...users]);
    gate = await startGate();
    await installWebhooks(plane, gate, { release: 'gate', namespaces: [NAMESPACE], values });
    const set = values.flatMap((value) => ['--set', value]);
    const policy = ['template', 'gate', chart, '--namespace', NAMESPACE, '--show-only', 'templates/approvals.yaml'];
    const { stdout } = await plane.helm([...policy, ...set]);
    expect(await plane.kubectl(['apply', '-f', '-'], { input: stdout })).toMatchObject({ code: 0 });
    const forged = runOf('probe', { ...TEMPLATE, [CREATED_BY]: 'bob' });
    await vi.waitFor(async () => expect(await kubectl('alice', create, forged)).toMatchObject({ code: 1 }), patience);
  });
  afterAll(async () => {
    await gate?.stop();
    await plane?.stop();
  });

  function kubectl(user: string, command: readonly string[], input?: object) {
    const token = plane.tokens.get(user);
    const login = token === undefined ? [] : [`--token=${token}`];
    return plane.kubectl([...login, '--namespace', NAMESPACE, ...command], input && { input: JSON.stringify(input) });
  }

  async function metadataOf(name: string) {
    const { stdout } = await kubectl('admin', ['get', 'orchestrationrun', name, '-o', 'json']);
    return JSON.parse(stdout).metadata;
  }

  /** Returns the annotation of a stored run. */
  async function creatorOf(name: string): Promise<string | undefined> {
    return (await metadataOf(name)).annotations?.[CREATED_BY];
  }

  let runs = 0;
  /** Creates a run and returns the annotation. */
  async function createAs(user: string, annotations: Readonly<Record<string, string>> = {}, flags: string[] = []) {
    const name = `run-${runs++}`;
    const created = await kubectl(user, [...flags, ...create], runOf(name, annotations));
    expect(created).toMatchObject({ code: 0, stderr: '' });
    return creatorOf(name);
  }

  it('names the user who creates the run, in place of any other', async () => {
    expect(await createAs('alice')).toBe('alice');
    expect(await createAs('alice', { [CREATED_BY]: 'bob' })).toBe('alice');
    expect(await createAs('admin', { [CREATED_BY]: 'bob' })).toBe('admin');
    expect(await createAs('admin', {}, ['--as=bob'])).toBe('bob');
  });

  it.each([
    ['client-side', []],
    ['server-side', ['--server-side']],
  ])('stays when another user applies the manifest again, %s', async (side, flags) => {
    const apply = ['apply', ...flags, '-f', '-'];
    for (const [user, parameters] of [
      ['alice', { a: 'b' }],
      ['bob', { a: 'c' }],
      ['bob', { b: 'c' }],
    ] as const) {
      const manifest = { ...runOf(side), spec: { orchestrationRef: { name: 'deploy' }, parameters } };
      expect(await kubectl(user, apply, manifest)).toMatchObject({ code: 0, stderr: '' });
      expect(await creatorOf(side)).toBe('alice');
    }
  });

  it('is not written into a template, and names the schedule in its copy', async () => {
    expect(await createAs('alice', TEMPLATE)).toBeUndefined();
    expect(await createAs(SCHEDULE)).toBe(SCHEDULE);
    expect(await createAs(SCHEDULE, { [CREATED_BY]: 'alice' })).toBe(SCHEDULE);
  });

  it('goes with a bucket, which stays when the manifest is applied again', async () => {
    const apply = ['apply', '-f', '-'];
    expect(await kubectl('alice', apply, runOf('divided'))).toMatchObject({ code: 0, stderr: '' });
    const { labels } = await metadataOf('divided');
    expect(readBucket(labels)).toBeDefined();
    const again = { ...runOf('divided'), metadata: { name: 'divided', annotations: { note: 'again' } } };
    expect(await kubectl('alice', apply, again)).toMatchObject({ code: 0, stderr: '' });
    expect((await metadataOf('divided')).labels).toEqual(labels);
    await kubectl('alice', create, runOf('template', TEMPLATE));
    expect((await metadataOf('template')).labels).toBeUndefined();
  });

  it('is written while the gate is switched off, because it judges nothing', async () => {
    await gate.setOverride('off');
    expect(await createAs('alice', { [CREATED_BY]: 'bob' })).toBe('alice');
    await gate.setOverride(undefined);
  });

  describe('while no gate answers', () => {
    beforeAll(async () => {
      await gate.process.kill('SIGKILL');
    });

    it('is missing, also in the copy of a template', async () => {
      expect(await createAs('alice')).toBeUndefined();
      expect(await createAs(SCHEDULE)).toBeUndefined();
    });

    it('may name the user who creates the run, and nobody else', async () => {
      expect(await createAs('alice', { [CREATED_BY]: 'alice' })).toBe('alice');
      expect(await kubectl('alice', create, runOf('forged', { [CREATED_BY]: 'bob' }))).toMatchObject({
        code: 1,
        stderr: expect.stringContaining(`the annotation ${CREATED_BY} names the user who creates the run`),
      });
    });
  });
});
