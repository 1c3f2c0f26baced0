import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { isExecutable, makeOnce } from './cache.ts';
import type { Settings } from './settings.ts';

const modulesFolder = join(import.meta.dirname, '../../controlplane');
const progressSeconds = 15;

const withoutGo =
  'There is no Go to build a control plane with: install Go 1.26 or newer (it is built once, in about 6 minutes), or set ' +
  'KUBEBUILDER_ASSETS to what `setup-envtest use -p path` prints. Tests, but not make run, can also use a cluster of yours: ' +
  'USE_EXISTING_CLUSTER=true with KUBECONFIG.';

/** The version of Kubernetes in the requirements of the Go module, such as `v1.36.3`. */
export async function readKubernetesVersion(settings: Settings): Promise<string> {
  const goMod = await readFile(join(modulesFolder, 'kube', `${await findRequirements(settings)}.mod`), 'utf8');
  return /k8s\.io\/kubernetes (v\d+\.\d+\.\d+)/.exec(goMod)?.[1] ?? '';
}

/** Builds kube-apiserver and kube-controller-manager, one file with two subcommands, unless the cache has it. */
export async function buildKube(settings: Settings, log: (line: string) => void): Promise<string> {
  return buildProgram(await describeKube(settings), settings, log);
}

/** Whether the cache has all that would be built. */
export async function isBuilt(settings: Settings): Promise<boolean> {
  const files = await Promise.all([describeKube(settings), ETCD].map(async (one) => locate(await one, settings)));
  return (await Promise.all(files.map(isExecutable))).every(Boolean);
}

/** A Go program, and the module that says which versions it is built from. */
export interface GoProgram {
  /** The name of the built file. */
  readonly name: string;
  /** What messages call it. */
  readonly title: string;
  /** Folder of the module. */
  readonly folder: string;
  /** The package to build: `.`, or the path of one that the module requires. */
  readonly target: string;
  readonly ldflags: string;
  /** Name of the module's requirements, without `.mod` and `.sum`: `go` unless it has several. */
  readonly requirements: string;
  /** Files of the folder that the program is built from. */
  readonly sources: readonly string[];
  /** Added to the environment of the build. */
  readonly variables?: Readonly<Record<string, string>>;
}

const ETCD = ownProgram({ name: 'etcd', title: 'etcd', ldflags: '-s -w', requirements: 'go' });

/** A program of this folder. */
function ownProgram(program: Pick<GoProgram, 'name' | 'title' | 'ldflags' | 'requirements'>): GoProgram {
  return { ...program, folder: join(modulesFolder, program.name), target: '.', sources: ['main.go'] };
}

async function describeKube(settings: Settings): Promise<GoProgram> {
  const requirements = await findRequirements(settings);
  const version = await readKubernetesVersion(settings);
  const [major, minor] = version.slice(1).split('.');
  // A build outside Kubernetes' own scripts calls itself v0.0.0, which clients and charts would take for an old cluster.
  const stamps = [
    `k8s.io/component-base/version.gitVersion=${version}`,
    `k8s.io/component-base/version.gitMajor=${major}`,
    `k8s.io/component-base/version.gitMinor=${minor}`,
    'k8s.io/component-base/version.gitTreeState=clean',
    `k8s.io/client-go/pkg/version.gitVersion=${version}`,
    `k8s.io/client-go/pkg/version.gitMajor=${major}`,
    `k8s.io/client-go/pkg/version.gitMinor=${minor}`,
  ];
  const ldflags = ['-s -w', ...stamps.map((stamp) => `-X ${stamp}`)].join(' ');
  const title = `kube-apiserver and kube-controller-manager ${version}`;
  return ownProgram({ name: 'kube', title, ldflags, requirements });
}

/** The requirements of an older Kubernetes, `v1.34.mod` and `.sum`, are next to the newest, for the same program. */
async function findRequirements({ kubernetes }: Settings): Promise<string> {
  if (kubernetes === null) return 'go';
  const files = await readdir(join(modulesFolder, 'kube'));
  const older = files.flatMap((file) => /^v(.+)\.mod$/.exec(file)?.[1] ?? []);
  if (older.includes(kubernetes)) return `v${kubernetes}`;
  throw new Error(`KUBERNETES is ${JSON.stringify(kubernetes)}: set it to ${older.join(' or ')}, or unset it.`);
}

/** Builds etcd unless the cache has it. */
export async function buildEtcd(settings: Settings, log: (line: string) => void): Promise<string> {
  return buildProgram(ETCD, settings, log);
}

/**
 * Builds a program unless the cache has it for these versions, flags and sources. Returns the path of the file. A build
 * that lacks Go or modules throws.
 */
export async function buildProgram(
  program: GoProgram,
  settings: Settings,
  log: (line: string) => void,
): Promise<string> {
  const { title, folder, target, variables } = program;
  const environment = { ...settings.environment, ...variables };
  return makeOnce(await locate(program, settings), (file) =>
    runGo(['build', '-v', ...flagsOf(program), '-o', file, target], { cwd: folder, environment, title, log }),
  );
}

/** The path of the built program, which changes with everything that it is built from. */
async function locate(program: GoProgram, { cacheFolder }: Settings): Promise<string> {
  const { name, folder, requirements, sources, variables = {} } = program;
  const hash = createHash('sha256').update(flagsOf(program).join('\n'));
  for (const [variable, value] of Object.entries(variables)) hash.update(`${variable}=${value}`);
  for (const source of [`${requirements}.mod`, `${requirements}.sum`, ...sources])
    hash.update(await readFile(join(folder, source)));
  return join(cacheFolder, hash.digest('hex').slice(0, 16), name);
}

function flagsOf({ ldflags, requirements }: GoProgram): string[] {
  return ['-trimpath', '-ldflags', ldflags, ...(requirements === 'go' ? [] : [`-modfile=${requirements}.mod`])];
}

interface GoRun {
  readonly cwd: string;
  readonly environment: Settings['environment'];
  readonly title: string;
  readonly log: (line: string) => void;
}

async function runGo(goArguments: readonly string[], { cwd, environment, title, log }: GoRun): Promise<void> {
  const startedAt = performance.now();
  const elapsed = () => `${Math.round((performance.now() - startedAt) / 1000)} s`;
  const go = spawn('go', goArguments, { cwd, env: environment, stdio: ['ignore', 'ignore', 'pipe'] });
  let packages = 0;
  const complaints: string[] = [];
  createInterface(go.stderr).on('line', (line) => {
    // `go build -v` prints a package's import path, one word, when it is about to be compiled.
    if (line.includes(' ')) complaints.push(line);
    else packages += 1;
  });
  const progress = setInterval(
    () => log(`building ${title}: ${packages} packages compiled, ${elapsed()}`),
    progressSeconds * 1000,
  );
  try {
    await once(go, 'spawn');
    log(`building ${title} with Go; this is done once, and takes some minutes`);
    const [code] = await once(go, 'close');
    if (code !== 0) throw new Error(`Building ${title} with Go failed:\n${complaints.slice(-10).join('\n')}`);
    log(`built ${title} in ${elapsed()}`);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') throw new Error(withoutGo);
    throw error;
  } finally {
    clearInterval(progress);
  }
}
