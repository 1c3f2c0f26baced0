import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ControlPlane } from '../support/controlplane/controlplane.ts';
import { describeNeeding, startOwnControlPlane } from '../support/controlplane/suite.ts';
import { installCrds } from '../support/gate.ts';
import { connectNamespace } from '../support/namespaced-api.ts';
import { installProgram, readSessions, runBlock } from '../support/page-commands.ts';

const root = join(import.meta.dirname, '../..');
const namespace = 'ci';

/**
 * These show a run that is halfway, which is elsewhere each time, a run that reconcilers and people worked on, or a
 * file that is not printed. The tests of the commands check the form of their output.
 */
const heldElsewhere = [
  'run release --name release-42 --wait',
  'status release-42',
  'plan --server -n ci release.yaml',
  'list -n ci',
  'events release-42 -n ci',
  'plan --rerun release-41',
];

describeNeeding(['ownControlPlane'], 'docs/reference/cli.md', () => {
  const sessions = readSessions(readFileSync(join(root, 'docs/reference/cli.md'), 'utf8'));
  const isShown = (words: string) => sessions.some(({ command }) => command.endsWith(words));
  const shown = sessions.filter(({ command }) => !heldElsewhere.some((words) => command.endsWith(words)));
  let plane: ControlPlane;

  beforeAll(async () => {
    plane = await startOwnControlPlane();
    await installCrds(plane, 'agents');
    await plane.kubectl(['create', 'namespace', namespace]);
    await plane.kubectl(['config', 'set-context', '--current', `--namespace=${namespace}`]);
    const api = connectNamespace(plane, namespace);
    await api.create('Orchestration', 'release', { spec: { steps: [{ name: 'build', kind: 'Checkpoint' }] } });
    const build = { name: 'build', kind: 'Checkpoint', dependsOn: ['test'] };
    const test = { name: 'test', kind: 'Checkpoint', dependsOn: ['build'] };
    await api.create('Orchestration', 'nightly', { spec: { steps: [build, test] } });
    await api.create('OrchestrationRun', 'release-42', { spec: { orchestrationRef: { name: 'release' } } });
    await installProgram(join(plane.folder, 'bin'));
  });
  afterAll(() => plane?.stop());

  it('has a session for most of what asks a cluster', () => {
    expect(heldElsewhere.filter((words) => !isShown(words))).toEqual([]);
    expect(shown.length).toBeGreaterThan(6);
  });

  it.each(shown)('shows what is printed by $command', async ({ command, prints }) => {
    const PATH = `${join(plane.folder, 'bin')}:${process.env['PATH']}`;
    const { output } = await runBlock(command, { cwd: root, env: { PATH, KUBECONFIG: plane.kubeconfig } });
    expect(output).toBe(prints);
  });
});
