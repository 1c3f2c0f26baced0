import { mkdirSync, writeFileSync } from 'node:fs';
import { mkdtempDisposable, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { type DirectoryFiles, type DirectoryWatchOptions, watchDirectory } from '../../src/runtime/directory-watch.ts';
import { updateVolume } from '../support/kubernetes-volume.ts';

/** So long that only an event can cause a check. */
const NEVER_MS = 60 * 60_000;

test('delivers the regular files of a folder before it resolves, and nothing else', async () => {
  const folder = await makeFolder();
  writeFileSync(join(folder, 'b'), '2');
  writeFileSync(join(folder, 'a'), '1');
  writeFileSync(join(folder, '..hidden'), 'x');
  mkdirSync(join(folder, 'below'));
  writeFileSync(join(folder, 'below', 'c'), '3');
  const { seen } = await startWatch(folder, {});
  expect(seen).toEqual([{ a: '1', b: '2' }]);
});

test('sees every update of a Kubernetes volume by events alone', async () => {
  const folder = await makeFolder();
  updateVolume(folder, { 'tls.crt': 'first' });
  const { seen } = await startWatch(folder, { pollIntervalMs: NEVER_MS });
  for (const text of ['second', 'third', 'fourth']) {
    updateVolume(folder, { 'tls.crt': text });
    await until(() => expect(seen.at(-1)).toEqual({ 'tls.crt': text }));
  }
});

test('sees by polling that a folder is created, changed and deleted', async () => {
  const folder = join(await makeFolder(), 'optional');
  const { seen } = await startWatch(folder, { pollIntervalMs: 5 });
  mkdirSync(folder);
  updateVolume(folder, { mode: 'warn' });
  await until(() => expect(seen).toEqual([{}, { mode: 'warn' }]));
  await rm(folder, { recursive: true });
  await until(() => expect(seen).toEqual([{}, { mode: 'warn' }, {}]));
});

test('reports a burst of changes once', async () => {
  const folder = await makeFolder();
  const { seen } = await startWatch(folder, { pollIntervalMs: NEVER_MS });
  const files = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`file-${index}`, 'x']));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  await until(() => expect(seen).toEqual([{}, files]));
});

test('reports nothing if files are written again with the same content', async () => {
  const folder = await makeFolder();
  updateVolume(folder, { mode: 'warn' });
  const { seen } = await startWatch(folder, { pollIntervalMs: 1 });
  for (let round = 0; round < 20; round++) {
    updateVolume(folder, { mode: 'warn' });
    // Another watch makes its first check meanwhile, so this one has time for many.
    (await startWatch(folder, {})).watch.close();
  }
  updateVolume(folder, { mode: 'off' });
  await until(() => expect(seen).toEqual([{ mode: 'warn' }, { mode: 'off' }]));
});

test('delivers the files again after the listener failed, and passes on its error', async () => {
  const folder = await makeFolder();
  writeFileSync(join(folder, 'a'), '1');
  const failure = new Error('not now');
  const failures = [failure, failure];
  const delivered: string[] = [];
  const errors: unknown[] = [];
  const watch = await watchDirectory(folder, {
    pollIntervalMs: 1,
    onChange: (files) => {
      const next = failures.pop();
      if (next) throw next;
      delivered.push(...files.values());
    },
    onError: (error) => errors.push(error),
  });
  onTestFinished(() => watch.close());
  await until(() => expect(delivered).toEqual(['1']));
  expect(errors).toEqual([failure, failure]);
});

test('waits for the listener before it reports the next change', async () => {
  const folder = await makeFolder();
  const listener = Promise.withResolvers<void>();
  const seen: DirectoryFiles[] = [];
  const starting = watchDirectory(folder, {
    pollIntervalMs: NEVER_MS,
    settleMs: 1,
    onChange: (files) => {
      seen.push(files);
      return listener.promise;
    },
    onError: (error) => expect.unreachable(String(error)),
  });
  await until(() => expect(seen).toHaveLength(1));
  const other = await startWatch(folder, { pollIntervalMs: NEVER_MS });
  writeFileSync(join(folder, 'a'), '1');
  await until(() => expect(other.seen).toEqual([{}, { a: '1' }]));
  expect(seen).toHaveLength(1);
  listener.resolve();
  const watch = await starting;
  onTestFinished(() => watch.close());
  await until(() => expect(seen).toHaveLength(2));
});

test('reports nothing after it is closed', async () => {
  const folder = await makeFolder();
  const closed = await startWatch(folder, { pollIntervalMs: 1 });
  const open = await startWatch(folder, { pollIntervalMs: 20 });
  closed.watch.close();
  writeFileSync(join(folder, 'a'), '1');
  await until(() => expect(open.seen).toEqual([{}, { a: '1' }]));
  expect(closed.seen).toEqual([{}]);
});

/** Waits longer than a loaded machine needs. */
function until(check: () => void): Promise<void> {
  return vi.waitFor(check, 10_000);
}

async function makeFolder(): Promise<string> {
  const folder = await mkdtempDisposable(join(tmpdir(), 'watch-test-'));
  onTestFinished(() => folder.remove());
  return folder.path;
}

/** Watches until the test ends. `seen` collects the delivered contents. */
async function startWatch(folder: string, options: Pick<DirectoryWatchOptions, 'pollIntervalMs'>) {
  const seen: Record<string, string>[] = [];
  const watch = await watchDirectory(folder, {
    settleMs: 10,
    ...options,
    onChange: (files) => void seen.push(Object.fromEntries(files)),
    onError: (error) => expect.unreachable(String(error)),
  });
  onTestFinished(() => watch.close());
  return { seen, watch };
}
