import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { startPaperApi } from '../support/paper-api.ts';
import { paperRuns } from '../support/paper-runs.ts';
import { startUi } from '../support/ui.ts';
import { connectUi } from '../support/ui-client.ts';

const patience = { timeout: 150_000 };

test('10,000 finished runs add at most 60 MiB to the page’s server, and are sent in 3 MiB', {
  timeout: 300_000,
}, async () => {
  const runs = paperRuns({ live: 0, finished: 10_000, steps: 10 });
  const api = await startPaperApi({ ...runs, kubeconfigPath: join(tmpdir(), `paper-${randomUUID()}`) });
  onTestFinished(() => api[Symbol.asyncDispose]());
  const ui = await startUi({ kubeconfig: api.kubeconfig, namespace: 'paper' });
  onTestFinished(ui.stop);
  const beforeMiB = await readMebibytes(ui.process.pid, 'VmRSS');
  const page = connectUi(ui.url);
  const first = await page.follow();
  await vi.waitFor(
    () => expect(first.received('Listed').map(({ kind }) => kind)).toContain('OrchestrationRun'),
    patience,
  );
  first.end();

  const stream = await page.follow({ kind: 'OrchestrationRun', name: 'run-000042' });
  await vi.waitFor(() => expect(stream.received('Listed')).toHaveLength(2), { ...patience, interval: 5 });
  await vi.waitFor(() => expect(stream.received('Steps')).toHaveLength(1), patience);
  const frames = stream.received('Entries');
  const bytes = frames.reduce((sum, frame) => sum + JSON.stringify(frame).length, 0);
  const names = new Set(frames.flatMap(({ changed }) => changed.map(({ name }) => name)));
  const afterMiB = await readMebibytes(ui.process.pid, 'VmHWM');
  expect(names.size).toBe(10_000);
  expect(bytes).toBeLessThan(3 * 1024 * 1024);
  expect(afterMiB - beforeMiB).toBeLessThan(60);
});

async function readMebibytes(pid: number | null, field: 'VmRSS' | 'VmHWM'): Promise<number> {
  const [, kibibytes] =
    new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kibibytes) / 1024;
}
