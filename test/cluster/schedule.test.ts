import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { startCommand } from '../support/cli.ts';
import { sharedCluster, useNamespace } from '../support/controlplane/suite.ts';
import { installCrds } from '../support/gate.ts';
import { readPageCommands } from '../support/page-commands.ts';

// The CronJob of docs/how-to/schedule.md, on a real API server. No pod starts here: the program runs as its pod would.

const page = readFileSync(join(import.meta.dirname, '../../docs/how-to/schedule.md'), 'utf8');
const manifests = readPageCommands(page).flatMap(({ block }) => /<<'EOF'\n(.*?)^EOF$/ms.exec(block)?.[1] ?? []);

describe('the CronJob of the page on schedules', () => {
  const namespace = useNamespace();
  const cluster = sharedCluster();

  async function kubectl(args: readonly string[], input = ''): Promise<string> {
    const { code, stdout, stderr } = await cluster.kubectl(['-n', namespace, ...args], { input });
    expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: '' }); // a warning is a line on stderr, too
    return stdout;
  }

  beforeAll(async () => {
    await installCrds(cluster, 'agents');
    await kubectl(['label', 'namespace', namespace, 'pod-security.kubernetes.io/warn=restricted']);
    for (const manifest of manifests) await kubectl(['apply', '-f', '-'], manifest);
  });

  /** Runs the program with the arguments and the account of a Job’s pod. */
  async function runPodOf(job: string) {
    const { spec } = JSON.parse(await kubectl(['get', 'job', job, '-o', 'json'])).spec.template;
    const [{ args, env }] = spec.containers;
    expect(env[0].valueFrom.fieldRef.fieldPath).toBe("metadata.labels['batch.kubernetes.io/job-name']");
    const [verb, ...rest] = args.map((arg: string) => arg.replace('$(JOB_NAME)', job));
    expect(verb).toBe('run');
    const KUBECONFIG = await cluster.serviceAccountKubeconfig(namespace, spec.serviceAccountName);
    return startCommand('run', [...rest, '-n', namespace], { KUBECONFIG }).ended;
  }

  it('creates one run for each Job, also if its pod is started again', async () => {
    for (const job of ['first', 'second']) await kubectl(['create', 'job', job, '--from=cronjob/nightly']);
    expect(await runPodOf('first')).toMatchObject({ code: 0, stdout: expect.stringContaining('created') });
    expect(await runPodOf('first')).toMatchObject({ code: 0, stdout: expect.stringContaining('already exists') });
    expect(await runPodOf('second')).toMatchObject({ code: 0, stdout: expect.stringContaining('created') });
    const runs = await kubectl(['get', 'orchestrationruns', '-o', 'jsonpath={.items[*].spec.deliveryId}']);
    expect(runs.split(' ').sort()).toEqual(['first', 'second']);
  });

  it('has an account that may create runs, and nothing else than every account may', async () => {
    const account = `--as=system:serviceaccount:${namespace}:nightly`;
    const rights = (await kubectl(['auth', 'can-i', '--list', '--no-headers', account])).trimEnd().split('\n');
    const own = rights.filter((line) => !/^(selfsubject| )/.test(line));
    expect(own.map((line) => line.replace(/ +/g, ' '))).toEqual([
      'orchestrationruns.orchestration.proompteng.ai [] [] [create get]',
      'orchestrations.orchestration.proompteng.ai [] [nightly] [get]',
    ]);
  });
});
