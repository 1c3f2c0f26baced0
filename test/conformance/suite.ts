import { describe, expect, it } from 'vitest';
import type { DeleteOptions } from '../../src/kube/client.ts';
import { KubeError } from '../../src/kube/errors.ts';
import { compareVersions } from '../../src/kube/resources.ts';
import type { KubeObject, ObjectMeta } from '../../src/objects/object.ts';
import { failureOf } from '../support/kube.ts';
import { TOOL_RUNS as resource } from '../support/model/engine.ts';
import { type Api, exists } from './api.ts';
import { obstacles } from './obstacles.ts';

/**
 * States what a controller relies on in an API server. The suite runs against a real API server, which shows that it is
 * true, and against the model, so that thousands of schedules can be tried on the model.
 */
export function itConforms(title: string, open: () => Api): void {
  let made = 0;
  const target = (name = `object-${++made}`) => ({ namespace: open().namespace, name });
  const objectOf = (metadata: Partial<ObjectMeta> = {}): KubeObject => ({
    apiVersion: 'tools.proompteng.ai/v1alpha1',
    kind: 'ToolRun',
    metadata: { ...target(), ...metadata },
    spec: { toolRef: { name: 'echo' }, parameters: { a: '1', b: '2' } },
  });
  const create = (metadata?: Partial<ObjectMeta>) => open().create(resource, objectOf(metadata));
  const at = ({ metadata: { name } }: KubeObject) => target(name);
  const merge = (object: KubeObject, body: object) => open().patch(resource, at(object), { type: 'merge', body });
  const mergeStatus = (object: KubeObject, body: object) =>
    open().patch(resource, at(object), { type: 'merge', body }, { subresource: 'status' });
  const remove = (object: KubeObject, options?: DeleteOptions) => open().delete(resource, at(object), options);
  const read = (object: KubeObject) => open().get(resource, at(object));
  const isThere = (object: KubeObject) => exists(open(), resource, at(object));
  const parametersOf = (object: KubeObject) => (object['spec'] as { parameters?: object }).parameters;
  const versionOf = ({ metadata }: KubeObject) => metadata.resourceVersion ?? '';
  const finalizers = (...names: string[]) => ({ finalizers: names.map((name) => `example.com/${name}`) });
  const ownedBy = ({ metadata: { name, uid = '' } }: KubeObject, blockOwnerDeletion?: boolean) => ({
    ownerReferences: [
      {
        apiVersion: 'tools.proompteng.ai/v1alpha1',
        kind: 'ToolRun',
        name,
        uid,
        ...(blockOwnerDeletion && { blockOwnerDeletion }),
      },
    ],
  });

  describe(title, () => {
    it('gives a new object its uid, version, time and generation, and drops its status', async () => {
      const { metadata, ...rest } = await open().create(resource, { ...objectOf(), status: { phase: 'Succeeded' } });
      expect(metadata).toMatchObject({ generation: 1, uid: expect.any(String), resourceVersion: expect.any(String) });
      expect(metadata.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      expect(rest['status']).toBeUndefined();
    });

    it('rejects a second object of the same name, also while the first is being deleted', async () => {
      const object = await create(finalizers('hold'));
      expect(await failureOf(create({ name: object.metadata.name }))).toMatchObject({ reason: 'AlreadyExists' });
      await remove(object);
      expect(await failureOf(create({ name: object.metadata.name }))).toMatchObject({ reason: 'AlreadyExists' });
      await merge(object, { metadata: { finalizers: null } });
      expect((await create({ name: object.metadata.name })).metadata.uid).not.toBe(object.metadata.uid);
    });

    it('says of whatever is not there that it is not found', async () => {
      const absent = objectOf();
      for (const call of [
        read,
        remove,
        (object: KubeObject) => merge(object, {}),
        (o: KubeObject) => mergeStatus(o, {}),
      ])
        expect(await failureOf(call(absent))).toMatchObject({ reason: 'NotFound' });
    });

    it('gives versions that rise with every change, over all objects of a kind', async () => {
      const one = await create();
      const other = await create();
      const changed = await merge(one, { metadata: { labels: { a: 'b' } } });
      const versions = [one, other, changed].map(versionOf);
      expect(versions.toSorted(compareVersions)).toEqual(versions);
      expect(new Set(versions).size).toBe(3);
      const { items, resourceVersion } = await open().list(resource, { namespace: open().namespace });
      expect(compareVersions(resourceVersion, versionOf(changed))).toBeGreaterThanOrEqual(0);
      const names = items.map(({ metadata }) => metadata.name);
      expect(names).toEqual(names.toSorted());
      expect(names).toEqual(expect.arrayContaining([one.metadata.name, other.metadata.name]));
    });

    it('stores nothing, and gives no new version, where a patch changes nothing', async () => {
      const object = await create();
      expect(versionOf(await merge(object, { spec: { parameters: { a: '1' } } }))).toBe(versionOf(object));
      const status = await mergeStatus(object, { status: { phase: 'Running' } });
      expect(versionOf(await mergeStatus(object, { status: { phase: 'Running' } }))).toBe(versionOf(status));
    });

    it('takes away what a merge patch says is null, and keeps what it does not name', async () => {
      const object = await create();
      const patched = await merge(object, { spec: { parameters: { a: null, c: '3' } } });
      expect(parametersOf(patched)).toEqual({ b: '2', c: '3' });
      expect(patched['spec']).toMatchObject({ toolRef: { name: 'echo' } });
    });

    it('counts a generation for each change of the spec, and for nothing else', async () => {
      const object = await create();
      const generationOf = async (change: Promise<KubeObject>) => (await change).metadata.generation;
      expect(await generationOf(merge(object, { metadata: { labels: { a: 'b' } } }))).toBe(1);
      expect(await generationOf(mergeStatus(object, { status: { phase: 'Running' } }))).toBe(1);
      expect(await generationOf(merge(object, { spec: { parameters: { a: '1' } } }))).toBe(1);
      expect(await generationOf(merge(object, { spec: { parameters: { a: '5' } } }))).toBe(2);
    });

    it('keeps the status and the rest apart: each is written by its own call only', async () => {
      const object = await create();
      const body = { metadata: { labels: { a: 'b' } }, spec: { parameters: { a: '7' } }, status: { phase: 'Failed' } };
      const ofStatus = await mergeStatus(object, body);
      expect([ofStatus['status'], parametersOf(ofStatus)]).toEqual([{ phase: 'Failed' }, { a: '1', b: '2' }]);
      const ofRest = await merge(object, { ...body, status: { phase: 'Succeeded' } });
      expect([ofRest['status'], parametersOf(ofRest)]).toEqual([{ phase: 'Failed' }, { a: '7', b: '2' }]);
    });

    it('carries out a conditional patch on that very version only', async () => {
      const object = await create();
      const { resourceVersion } = object.metadata;
      const metadata = { resourceVersion };
      await mergeStatus(object, { metadata, status: { phase: 'Running' } });
      for (const patch of [merge, mergeStatus])
        expect(
          await failureOf(
            patch(object, { metadata: { ...metadata, labels: { x: 'y' } }, status: { phase: 'Failed' } }),
          ),
        ).toMatchObject({ reason: 'Conflict' });
      expect((await read(object))['status']).toEqual({ phase: 'Running' });
    });

    it('judges the version that a patch names even if it would change nothing', async () => {
      const object = await create();
      await mergeStatus(object, { status: { phase: 'Running' } });
      const body = { metadata: { resourceVersion: versionOf(object) }, status: { phase: 'Running' } };
      expect(await failureOf(mergeStatus(object, body))).toMatchObject({ reason: 'Conflict' });
    });

    it('rejects a patch that names another uid, except a patch of the status, where it ignores the uid', async () => {
      const object = await create();
      const metadata = { uid: '00000000-0000-0000-0000-000000000000' };
      const refused = await failureOf(merge(object, { metadata, spec: { parameters: { a: '9' } } }));
      expect(refused).toMatchObject({ reason: 'Invalid' });
      const written = await mergeStatus(object, { metadata, status: { phase: 'Running' } });
      expect([written.metadata.uid, written['status']]).toEqual([object.metadata.uid, { phase: 'Running' }]);
    });

    it('deletes only the object of the uid, and of the version, that a deletion names', async () => {
      const object = await create();
      const other = { uid: '00000000-0000-0000-0000-000000000000' };
      expect(await failureOf(remove(object, { preconditions: other }))).toMatchObject({ reason: 'Conflict' });
      await merge(object, { metadata: { labels: { a: 'b' } } });
      const { uid = '', resourceVersion = '' } = object.metadata;
      expect(await failureOf(remove(object, { preconditions: { uid, resourceVersion } }))).toMatchObject({
        reason: 'Conflict',
      });
      await remove(object, { preconditions: { uid } });
      expect(await isThere(object)).toBe(false);
    });

    it('keeps an object with finalizers until the last is taken away', async () => {
      const object = await create(finalizers('one', 'two'));
      await remove(object);
      const marked = await read(object);
      expect(marked.metadata).toMatchObject({ deletionTimestamp: expect.any(String), generation: 2 });
      await remove(object);
      expect(versionOf(await read(object))).toBe(versionOf(marked));
      await mergeStatus(object, { status: { phase: 'Failed' } });
      await merge(object, { metadata: finalizers('two') });
      expect(await isThere(object)).toBe(true);
      await merge(object, { metadata: { finalizers: null } });
      expect(await isThere(object)).toBe(false);
    });

    it('takes no new finalizer for an object that is being deleted', async () => {
      const object = await create(finalizers('one'));
      await remove(object);
      const refused = merge(object, { metadata: finalizers('one', 'two') });
      expect(await failureOf(refused)).toMatchObject({ reason: 'Invalid' });
      const { resourceVersion } = (await read(object)).metadata;
      await merge(object, { metadata: { resourceVersion, finalizers: [] } });
      expect(await isThere(object)).toBe(false);
    });

    it('changes finalizers only on the version that was read, so that a finalizer added since is kept', async () => {
      const object = await create(finalizers('ours'));
      await merge(object, { metadata: finalizers('ours', 'theirs') });
      const { resourceVersion } = object.metadata;
      const late = merge(object, { metadata: { resourceVersion, finalizers: [] } });
      expect(await failureOf(late)).toMatchObject({ reason: 'Conflict' });
      expect((await read(object)).metadata).toMatchObject(finalizers('ours', 'theirs'));
    });

    it('sends every change after a version, in order, with the new object', async () => {
      const before = await create();
      const object = await create();
      const changed = await merge(object, { metadata: { labels: { a: 'b' } } });
      await remove(object);
      const events = await open().changesSince(resource, versionOf(before));
      expect(events.map(({ type, object: { metadata } }) => [type, metadata.name])).toEqual(
        ['ADDED', 'MODIFIED', 'DELETED'].map((type) => [type, object.metadata.name]),
      );
      const versions = events.map((event) => versionOf(event.object));
      expect(versions.slice(0, 2)).toEqual([versionOf(object), versionOf(changed)]);
      expect(compareVersions(versions[2] ?? '', versionOf(changed))).toBeGreaterThan(0);
      expect(await open().changesSince(resource, versions[2] ?? '')).toEqual([]);
    });

    it('sends the end of an object with finalizers when it is gone, not when it is deleted', async () => {
      const object = await create(finalizers('hold'));
      await remove(object);
      await merge(object, { metadata: { finalizers: null } });
      const events = await open().changesSince(resource, versionOf(object));
      expect(events.map(({ type }) => type)).toEqual(['MODIFIED', 'DELETED']);
    });

    it('says of a version that is too old that it has expired', async () => {
      const version = await open().forget(resource);
      expect(await failureOf(open().changesSince(resource, version))).toMatchObject({ reason: 'Expired' });
    });

    it('deletes what is owned after its owner, and leaves what is not', async () => {
      const owner = await create();
      const child = await create(ownedBy(owner));
      const stranger = await create();
      await remove(owner);
      expect(await isThere(owner)).toBe(false);
      await open().eventually('the child is gone', async () => !(await isThere(child)));
      expect(await isThere(stranger)).toBe(true);
    });

    it('leaves what one of several owners still owns', async () => {
      const [owner, other] = [await create(), await create()];
      const child = await create({
        ownerReferences: [...ownedBy(owner).ownerReferences, ...ownedBy(other).ownerReferences],
      });
      await remove(owner);
      await open().rest();
      expect(await isThere(child)).toBe(true);
      await remove(other);
      await open().eventually('the child is gone', async () => !(await isThere(child)));
    });

    it('deletes in the foreground only when what blocks it is gone', async () => {
      const owner = await create();
      const child = await create({ ...ownedBy(owner, true), ...finalizers('hold') });
      await remove(owner, { propagationPolicy: 'Foreground' });
      expect((await read(owner)).metadata).toMatchObject({
        deletionTimestamp: expect.any(String),
        finalizers: ['foregroundDeletion'],
      });
      await open().eventually(
        'the child is marked',
        async () => (await read(child)).metadata.deletionTimestamp !== undefined,
      );
      await open().rest();
      expect(await isThere(owner)).toBe(true);
      await merge(child, { metadata: { finalizers: finalizersLeft(await read(child)) } });
      await open().eventually('both are gone', async () => !(await isThere(child)) && !(await isThere(owner)));
    });

    it('ends a foreground deletion though a dependent that does not block it is left', async () => {
      const owner = await create();
      const child = await create({ ...ownedBy(owner), ...finalizers('hold') });
      await remove(owner, { propagationPolicy: 'Foreground' });
      await open().eventually('the owner is gone', async () => !(await isThere(owner)));
      expect(await isThere(child)).toBe(true);
      await open().eventually(
        'the child is marked',
        async () => (await read(child)).metadata.deletionTimestamp !== undefined,
      );
      await merge(child, { metadata: { finalizers: finalizersLeft(await read(child)) } });
      await open().eventually('the child is gone', async () => !(await isThere(child)));
    });

    it('deletes in the foreground through every level, the owner last', async () => {
      const owner = await create();
      const middle = await create(ownedBy(owner, true));
      const leaf = await create({ ...ownedBy(middle, true), ...finalizers('hold') });
      await remove(owner, { propagationPolicy: 'Foreground' });
      await open().eventually(
        'the leaf is marked',
        async () => (await read(leaf)).metadata.deletionTimestamp !== undefined,
      );
      await open().rest();
      expect([await isThere(owner), await isThere(middle)]).toEqual([true, true]);
      await merge(leaf, { metadata: { finalizers: finalizersLeft(await read(leaf)) } });
      await open().eventually('all are gone', async () => {
        const left = await Promise.all([owner, middle, leaf].map(isThere));
        return left.every((is) => !is);
      });
    });

    it('says who has written the status', async () => {
      const object = await create();
      const write = (phase: string, fieldManager: string) =>
        open().patch(
          resource,
          at(object),
          { type: 'merge', body: { status: { phase } } },
          { subresource: 'status', fieldManager },
        );
      await write('Running', 'first');
      const { metadata } = await write('Succeeded', 'second');
      const entries = metadata['managedFields'] as readonly { manager: string; subresource?: string }[];
      const writers = entries.filter(({ subresource }) => subresource === 'status').map(({ manager }) => manager);
      expect(writers).toContain('second');
    });

    it.each(Object.keys(obstacles))('denies a create for %s', async (name) => {
      const obstacle = obstacles[name];
      if (obstacle === undefined) return;
      const { kind = resource, reason, code, says, list } = obstacle;
      const { namespace, clear, ...caller } = await open().obstruct(obstacle);
      const attempt = () => caller.create(kind, objectOf({ namespace, name: `object-${++made}` }));
      let failure: unknown;
      await open().eventually('the create is denied', async () => {
        failure = await attempt().catch((error: unknown) => error);
        return failure instanceof KubeError && failure.message.includes(says);
      });
      expect(failure).toMatchObject({ reason, code });
      const listed = caller.list(kind, { namespace });
      if (list === 'works') expect((await listed).items).toBeInstanceOf(Array);
      else expect(await failureOf(listed)).toMatchObject({ reason: list });
      await clear();
    });

    it('collects what names an owner of another uid than the one that is there', async () => {
      const first = await create();
      await remove(first);
      const second = await create({ name: first.metadata.name });
      const child = await create(ownedBy(first));
      await open().eventually('the child is gone', async () => !(await isThere(child)));
      expect(await isThere(second)).toBe(true);
    });
  });
}

/** The finalizers without ours. The garbage collector itself removes those that it added. */
function finalizersLeft({ metadata }: KubeObject): string[] {
  const all = (metadata['finalizers'] ?? []) as readonly string[];
  return all.filter((name) => !name.startsWith('example.com/'));
}
