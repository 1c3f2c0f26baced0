import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempDisposable } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { ALLOCATOR, NODE_FLAGS } from '../../scripts/release/image.ts';
import { writeGeneration } from '../../src/tls/files.ts';
import { issueCertificateAuthority, issueLeaf } from '../../src/tls/issue.ts';
import { findFreePorts } from '../../test/support/controlplane/network.ts';
import type { LoadOrder, LoadResult } from './load.ts';
import { sampleReview } from './reviews.ts';

const DAY_MS = 86_400_000;
const START_SECONDS = 10;

/** A command that runs the following words on one core. Empty if cores cannot be assigned. */
type OnCore = readonly string[];

const onCore = (core: number): OnCore => ['taskset', '-c', `${core}`];

/** Finds a core for the servers and one for the load, so that they do not take time from each other. */
export function findCores(): { server: OnCore; load: OnCore; areTwo: boolean } {
  const [server, load] = [onCore(0), onCore(1)];
  const areTwo = [server, load].every(([file = '', ...args]) => spawnSync(file, [...args, 'true']).status === 0);
  return areTwo ? { server, load, areTwo } : { server: [], load: [], areTwo };
}

/** A folder with a certificate for 127.0.0.1, until disposed. */
export interface Certificates extends AsyncDisposable {
  readonly folder: string;
  /** Certificate of the authority, PEM. */
  readonly ca: string;
}

export async function makeCertificates(): Promise<Certificates> {
  const temporary = await mkdtempDisposable(join(tmpdir(), 'bench-gate-'));
  const life = { lifetimeMs: DAY_MS, now: new Date() };
  const authority = await issueCertificateAuthority({ commonName: 'bench', ...life });
  const leaf = await issueLeaf({ authority, dnsNames: [], ipAddresses: ['127.0.0.1'], ...life });
  await writeGeneration(temporary.path, { 'tls.crt': leaf.certificatePem, 'tls.key': leaf.privateKeyPem });
  return { folder: temporary.path, ca: authority.certificatePem, [Symbol.asyncDispose]: () => temporary.remove() };
}

/** The address of a server on 127.0.0.1 that answers reviews. */
export interface Address {
  readonly port: number;
  /** `/validate` unless told otherwise. */
  readonly path?: string;
}

/** A server in a process of its own, until disposed. */
export interface Server extends Address, AsyncDisposable {
  /** From exec to its first answer. */
  readonly startMs: number;
}

/** The gate as it ships; its metrics are at `metricsUrl`. */
export interface Gate extends Server {
  readonly metricsUrl: string;
}

/** Starts the gate from `dist/`, which `make build` writes. */
export async function startGate(certificates: Certificates, onCore: OnCore = []): Promise<Gate> {
  const [sidePort] = await findFreePorts(1);
  const flags = ['serve', '--bind-address', '127.0.0.1', '--side-port', `${sidePort}`];
  const server = await startServer('../../dist/program.cjs', flags, certificates, onCore);
  return { ...server, metricsUrl: `http://127.0.0.1:${sidePort}/metrics` };
}

/** Reads the value of a metric, summed over its labels. */
export async function readMetric({ metricsUrl }: Gate, name: string): Promise<number> {
  const lines = (await (await fetch(metricsUrl)).text()).split('\n');
  const own = lines.filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
  return own.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}

/** Starts the server of bare.ts. */
export function startBare(certificates: Certificates, onCore: OnCore, ...flags: string[]): Promise<Server> {
  return startServer('bare.ts', flags, certificates, onCore);
}

/** Starts a program that takes the flags --port and --tls-dir, as that of the folder webhook/ does. */
export function startProgram(file: string, certificates: Certificates, onCore: OnCore): Promise<Server> {
  return untilServing(file, certificates, (flags) => startProcess([...onCore, file, ...flags], 'ignore'));
}

function startServer(
  program: string,
  flags: readonly string[],
  certificates: Certificates,
  onCore: OnCore,
): Promise<Server> {
  return untilServing(program, certificates, (more) => startNode(onCore, program, [...flags, ...more], 'ignore'));
}

/** Starts a server with flags for its port and certificates, and waits for its first answer. */
async function untilServing(
  program: string,
  { folder, ca }: Certificates,
  startWith: (flags: readonly string[]) => Process,
): Promise<Server> {
  const [port = 0] = await findFreePorts(1);
  const start = performance.now();
  const { child, stop } = startWith(['--port', `${port}`, '--tls-dir', folder]);
  const { review } = sampleReview(20, 0);
  while ((await postReview({ port }, ca, review)) === undefined) {
    if (child.exitCode !== null || performance.now() - start > START_SECONDS * 1000) {
      await stop();
      throw new Error(`${program} does not answer: what it said is above, and make build makes dist`);
    }
    await delay(2);
  }
  return { port, startMs: performance.now() - start, [Symbol.asyncDispose]: stop };
}

/** Sends load. It stays warm from one order to the next, and stops when it is disposed. */
export interface Load extends AsyncDisposable {
  readonly send: (order: LoadOrder) => Promise<LoadResult>;
}

export function startLoad(onCore: OnCore): Load {
  const { child, stop } = startNode(onCore, 'load.ts', [], 'ipc');
  const send = async (order: LoadOrder) => {
    child.send(order);
    const [result] = (await once(child, 'message')) as [LoadResult | { error: string }];
    if ('error' in result) throw new Error(result.error);
    return result;
  };
  return { send, [Symbol.asyncDispose]: stop };
}

/** Runs a program, by its path relative to this file, with the flags that Node has in the image. */
function startNode(onCore: OnCore, program: string, args: readonly string[], channel: 'ipc' | 'ignore'): Process {
  const file = join(import.meta.dirname, program);
  return startProcess([...onCore, process.execPath, ...NODE_FLAGS, file, ...args], channel);
}

interface Process {
  readonly child: ChildProcess;
  readonly stop: () => Promise<void>;
}

/** Starts a program with the memory allocator of the image. Its output is dropped, except its errors. */
function startProcess([file = '', ...rest]: readonly string[], channel: 'ipc' | 'ignore'): Process {
  const env = { ...process.env, ...ALLOCATOR };
  const child = spawn(file, rest, { stdio: ['ignore', 'ignore', 'inherit', channel], env });
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  };
  return { child, stop };
}

/** Resolves to the answer to a review. Undefined if there is none, or its status is not 200. */
export function postReview(
  { port, path = '/validate' }: Address,
  ca: string,
  review: string,
): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const headers = { 'content-type': 'application/json' };
  const sent = request({ port, host: '127.0.0.1', ca, agent: false, path, method: 'POST', headers });
  sent.on('response', (response) => {
    text(response).then(
      (body) => resolve(response.statusCode === 200 ? body : undefined),
      () => resolve(undefined),
    );
  });
  sent.on('error', () => resolve(undefined)).end(review);
  return promise;
}
