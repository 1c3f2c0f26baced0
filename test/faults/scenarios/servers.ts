import { once } from 'node:events';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createComponent } from '../../support/controlplane/component.ts';
import type { ControlPlane } from '../../support/controlplane/controlplane.ts';
import { apiserverFlags, files } from '../../support/controlplane/flags.ts';
import { findFreePorts, isAnswering } from '../../support/controlplane/network.ts';
import type { Arena } from '../arena.ts';
import { type Ground, PATIENCE_MS, type Scenario } from '../scenario.ts';

/** Children that take a while, so that runs are alive whatever happens to the servers. */
const SLOW = { delayMs: () => 1_500 };

/** Makes the API server's certificate and authority anew, and puts them into the administrator's kubeconfig. */
async function replaceCertificates(plane: ControlPlane): Promise<void> {
  await rm(join(plane.folder, files.certificates), { recursive: true });
  await plane.apiserver.start();
  const config = JSON.parse(await readFile(plane.kubeconfig, 'utf8')) as {
    clusters: { cluster: Record<string, string> }[];
  };
  const ca = await readFile(join(plane.folder, files.servingCertificate));
  for (const { cluster } of config.clusters) cluster['certificate-authority-data'] = ca.toString('base64');
  await writeFile(plane.kubeconfig, JSON.stringify(config), { mode: 0o600 });
  // It reads its kubeconfig once.
  await plane.controllerManager?.kill('SIGKILL');
  await plane.controllerManager?.start();
}

/** Plays each of these perturbations while runs are in work. */
async function perturb(
  ground: Ground,
  arena: Arena,
  parts: readonly (readonly [what: string, perturbation: () => Promise<unknown>])[],
): Promise<void> {
  for (const [index, [what, perturbation]] of parts.entries()) {
    const before = arena.journal.entries.length;
    await arena.createRuns(3, `part-${index + 1}`);
    await arena.until(() => arena.journal.entries.length > before + 15, PATIENCE_MS);
    ground.note(what);
    ground.count('faults');
    await perturbation();
    await arena.finish(PATIENCE_MS + 30_000);
  }
}

/** What can happen to an API server before it is back. */
const ABSENCES: Readonly<Record<string, (plane: ControlPlane) => Promise<unknown>>> = {
  SIGTERM: ({ apiserver }) => apiserver.kill('SIGTERM').then(apiserver.start),
  SIGKILL: ({ apiserver }) => apiserver.kill('SIGKILL').then(apiserver.start),
  'away for 20 s': (plane) => goAway(plane, 20_000),
  'away for 60 s': (plane) => goAway(plane, 60_000),
  'another certificate': (plane) => plane.apiserver.kill('SIGKILL').then(() => replaceCertificates(plane)),
};

async function goAway({ apiserver }: ControlPlane, ms: number): Promise<void> {
  await apiserver.kill('SIGKILL');
  await delay(ms);
  await apiserver.start();
}

/** Plays each of these absences of the API server while runs are in work. No process may end because of it. */
async function playWithout(ground: Ground, absences: readonly string[]): Promise<void> {
  const plane = await ground.startPlane();
  const arena = await ground.open(SLOW, plane);
  const replica = await arena.startReplica({ kubeconfig: plane.kubeconfig });
  const parts = absences.map((what) => [what, async () => ABSENCES[what]?.(plane)] as const);
  await perturb(ground, arena, parts);
  if (replica.starts() > 1) ground.complain(`the process was started ${replica.starts()} times`);
}

/** The value of a flag of a process that runs. */
async function flagOf(pid: number | null, flag: string): Promise<string> {
  const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0');
  return words.find((word) => word.startsWith(`--${flag}=`))?.split('=')[1] ?? '';
}

export const servers: readonly Scenario[] = [
  {
    id: 'F8',
    title: 'moved to an API server that sees nothing new, and back',
    async play(ground) {
      const { plane, note, count } = ground;
      const etcd = new URL(await flagOf(plane.apiserver.pid, 'etcd-servers'));
      let isFrozen = false;
      const link = createServer((client) => {
        const server = connect(Number(etcd.port), etcd.hostname);
        for (const socket of [client, server]) socket.on('error', () => {});
        client.on('data', (chunk) => (isFrozen ? undefined : server.write(chunk)));
        server.on('data', (chunk) => (isFrozen ? undefined : client.write(chunk)));
        client.on('close', () => server.destroy());
        server.on('close', () => client.destroy());
      });
      await once(link.listen(0, '127.0.0.1'), 'listening');
      const [port = 0] = await findFreePorts(1);
      const ca = await readFile(join(plane.folder, files.servingCertificate), 'utf8');
      const program = (await readFile(`/proc/${plane.apiserver.pid}/cmdline`, 'utf8')).split('\0');
      const etcdUrl = `http://127.0.0.1:${(link.address() as AddressInfo).port}`;
      const second = createComponent({
        name: 'second-apiserver',
        folder: { path: plane.folder, pids: join(plane.folder, 'pids'), remove: async () => {} },
        command: [
          ...program.slice(
            0,
            program.findIndex((word) => word.startsWith('--')),
          ),
          ...apiserverFlags(etcdUrl, String(port), false, []),
        ],
        isReady: () => isAnswering(`https://127.0.0.1:${port}/readyz`, { ca, token: plane.adminToken }),
      });
      await second.start();
      ground.defer(async () => {
        await second.kill('SIGKILL');
        link.close();
      });
      const arena = await ground.open(SLOW);
      const replica = await arena.startReplica();
      for (let round = 0; round < 3; round++) {
        await arena.createRuns(3, `round-${round}`);
        await arena.until(
          () => arena.journal.current('ToolRun').some(({ status }) => status === undefined),
          PATIENCE_MS,
        );
        isFrozen = true;
        await delay(2_000); // the others go on, and it does not hear of that
        note('moved to the frozen one');
        count('faults');
        arena.proxy.leadTo(`https://127.0.0.1:${port}`);
        arena.proxy.cutWatches();
        if (round === 1) replica.kill(); // its first lists are old, too
        await delay(4_000);
        note('moved back');
        arena.proxy.leadTo(plane.server);
        arena.proxy.cutWatches();
        await arena.finish(PATIENCE_MS + 30_000);
        isFrozen = false;
        await second.kill('SIGKILL');
        await second.start();
      }
    },
  },
  {
    id: 'F11',
    title: 'the API server stopped, killed, away for 20 s, back with another certificate',
    play: (ground) => playWithout(ground, ['SIGTERM', 'SIGKILL', 'away for 20 s', 'another certificate']),
  },
  {
    id: 'F11q',
    title: 'the API server killed, and back with another certificate',
    isQuick: true,
    isShareOf: 'F11',
    play: (ground) => playWithout(ground, ['another certificate']),
  },
  {
    id: 'F11l',
    title: 'the API server away for a minute',
    play: (ground) => playWithout(ground, ['away for 60 s']),
  },
  {
    id: 'F10l',
    title: 'an API server that takes three calls at a time',
    async play(ground) {
      const flags = ['--max-requests-inflight=2', '--max-mutating-requests-inflight=1'];
      const plane = await ground.startPlane({ apiserverFlags: flags });
      const arena = await ground.open({}, plane);
      await arena.startReplica();
      ground.count('faults');
      await arena.createRuns(20);
      await arena.finish(PATIENCE_MS + 120_000);
    },
  },
  {
    id: 'F12',
    title: 'etcd killed, paused for 20 s, compacted every 30 s',
    async play(ground) {
      const plane = await ground.startPlane({ apiserverFlags: ['--etcd-compaction-interval=30s'] });
      const { etcd } = plane;
      const arena = await ground.open(SLOW, plane);
      await arena.startReplica();
      const pause = async () => {
        if (etcd.pid !== null) process.kill(etcd.pid, 'SIGSTOP');
        await delay(20_000);
        if (etcd.pid !== null) process.kill(etcd.pid, 'SIGCONT');
      };
      const blind = async () => {
        arena.proxy.follow(({ verb }) => (verb === 'watch' ? { isRefused: true } : undefined));
        arena.proxy.cutWatches();
        await delay(70_000); // two compactions
        arena.proxy.follow(undefined);
      };
      await perturb(ground, arena, [
        ['SIGKILL', () => etcd.kill('SIGKILL').then(etcd.start)],
        ['paused for 20 s', pause],
        ['compacted while nobody watches', blind],
      ]);
    },
  },
];
