import { execFile } from 'node:child_process';
import { mkdir, mkdtempDisposable, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { makeOnce } from '../../test/support/controlplane/cache.ts';
import { sha256 } from './archive.ts';

const run = promisify(execFile);

/** The architectures of the image, as Debian and OCI call them. */
export type Architecture = 'amd64' | 'arm64';

/** A package of Debian, with the checksum of its file for each architecture. */
interface Package {
  readonly name: string;
  readonly version: string;
  /** The files that the image takes from the package, in addition to its licence. Programs are left out. */
  readonly files?: RegExp;
  readonly sha256: Readonly<Record<Architecture, string>>;
}

export const SUITE = 'trixie';

/** The packages of the libraries that Node is linked against, and of the name of the system. */
export const PACKAGES: readonly Package[] = [
  {
    ...{ name: 'base-files', version: '13.8+deb13u8', files: /^usr\/lib\/os-release$/ },
    sha256: {
      amd64: 'f5a0546098f38bad5843380521781fe7214e5a283d3bed63f79c505545f262af',
      arm64: '893616b7ce203a05a0528652f7d754cc5e3de7e8eff3b396f95383a5b8b1c668',
    },
  },
  {
    ...{ name: 'libc6', version: '2.41-12+deb13u5' },
    files: /^usr\/lib.*\/(ld-linux-.+|lib(c|dl|m|nss_dns|nss_files|pthread|resolv))\.so\.\d$/,
    sha256: {
      amd64: 'b59b0625cd1a791375d40dab23a4d5d3d0641e3d0a773501becdc3725b7f99cf',
      arm64: '0966fc3da1a26cc57647c68b5736f791b6e7eb498173a7993f63b6c89b4ed4f5',
    },
  },
  {
    ...{ name: 'gcc-14-base', version: '14.2.0-19' },
    sha256: {
      amd64: '5b6825de4263824b78c4c51f6476414f3b4e89c2ab63e81dc8b9b5501e867cf6',
      arm64: '34ee90679b018c0e64234747a4c4c0ae6b7f63541115037465a8627c2dfbc594',
    },
  },
  {
    ...{ name: 'libgcc-s1', version: '14.2.0-19', files: /\/libgcc_s\.so\.1$/ },
    sha256: {
      amd64: '3c71917b490d1a17aed43196a2787a256ecf060526cdb20216a74bedc061b150',
      arm64: '1108bc87879833d6d9a145f22a4a15cddb34e065b4b5f4b97bee586adbac2851',
    },
  },
  {
    ...{ name: 'libstdc++6', version: '14.2.0-19', files: /\/libstdc\+\+\.so\.6(\.\d+)*$/ },
    sha256: {
      amd64: 'ab1fa05837aa7a92aae748fd07a18a35f7d18bb4a71c4724fe2bbf0e32089de0',
      arm64: '6669b0c52a2e7c6af9adfdabce3ff6e286065cdfbc7b85280862b5f799daebee',
    },
  },
];

/** The licences of packages, and links from one package to the folder of another. */
const LICENCES = /^usr\/share\/doc\/[^/]+(\/copyright)?$/;

/**
 * Extracts what the image needs from Debian into `folder`, in the layout that vulnerability scanners expect. The files
 * of packages are kept in `cacheFolder`. Needs apt-get and dpkg-deb. `mirror` is the address of an archive of Debian.
 * An archive at snapshot.debian.org still has versions that Debian has replaced.
 */
export async function extractDebian(
  architecture: Architecture,
  folder: string,
  { cacheFolder, mirror }: { readonly cacheFolder: string; readonly mirror: string },
): Promise<void> {
  const cached = (one: Package) => join(cacheFolder, 'debian', `${one.sha256[architecture]}.deb`);
  await downloadMissing(architecture, cached, mirror);
  for (const one of PACKAGES) await extractPackage(one, cached(one), folder);
}

async function extractPackage({ name, files }: Package, file: string, folder: string): Promise<void> {
  await using scratch = await mkdtempDisposable(join(tmpdir(), 'orchestration-gate-'));
  const archive = join(scratch.path, 'files.tar');
  await run('sh', ['-c', 'dpkg-deb --fsys-tarfile "$0" > "$1"', file, archive]);
  const { stdout: listed } = await run('tar', ['--list', '--verbose', '--file', archive]);
  const names = listed.split('\n').flatMap((line) => {
    const [, path = ''] = /^[^d]\S+ +\S+ +\d+ +\S+ +\S+ \.\/(.*?)(?: -> .*)?$/.exec(line) ?? [];
    return files?.test(path) || LICENCES.test(path) ? [`./${path}`] : [];
  });
  if (names.length > 0) await run('tar', ['--extract', '--file', archive, '--directory', folder, ...names]);
  // Scanners read this folder in images that have no package manager.
  const status = join(folder, 'var/lib/dpkg/status.d');
  await mkdir(status, { recursive: true });
  const { stdout: control } = await run('dpkg-deb', ['--field', file]);
  await writeFile(join(status, name), control);
}

/** Downloads the packages that are not in the cache, and checks their checksums. */
async function downloadMissing(
  architecture: Architecture,
  cached: (one: Package) => string,
  mirror: string,
): Promise<void> {
  await using scratch = await mkdtempDisposable(join(tmpdir(), 'orchestration-gate-'));
  let apt: ReturnType<typeof openApt> | undefined;
  for (const one of PACKAGES) {
    await makeOnce(cached(one), async (file) => {
      apt ??= openApt(architecture, scratch.path, mirror);
      const bytes = await (await apt).download(one);
      const found = sha256(bytes);
      if (found !== one.sha256[architecture])
        throw new Error(
          `${one.name} ${one.version} for ${architecture} has the checksum ${found}, and not ${one.sha256[architecture]}: see scripts/release/debian.ts.`,
        );
      await writeFile(file, bytes, { mode: 0o755 }); // makeOnce looks for files that can be executed
    });
  }
}

/** Opens an apt without any state of this machine. It knows only one architecture and the lists of `mirror`. */
async function openApt(architecture: Architecture, folder: string, mirror: string) {
  const write = (name: string, content: string) => writeFile(join(folder, name), content);
  const keyring = '[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]';
  await mkdir(join(folder, 'lists/partial'), { recursive: true });
  await write('status', '');
  const security = mirror.replace('/debian', '/debian-security');
  await write(
    'sources.list',
    `deb ${keyring} ${mirror} ${SUITE} main\ndeb ${keyring} ${security} ${SUITE}-security main\n`,
  );
  const options = [
    `APT::Architecture=${architecture}`,
    `APT::Architectures=${architecture}`,
    `Dir::State=${folder}`,
    `Dir::State::status=${join(folder, 'status')}`,
    `Dir::Cache=${folder}`,
    `Dir::Etc::sourcelist=${join(folder, 'sources.list')}`,
    'Dir::Etc::sourceparts=/dev/null',
    'Acquire::Languages=none',
    'Acquire::Check-Valid-Until=false',
    'APT::Sandbox::User=root',
  ].flatMap((option) => ['-o', option]);
  await run('apt-get', [...options, '-qq', 'update']);
  async function download({ name, version }: Package): Promise<Buffer> {
    try {
      await run('apt-get', [...options, '-qq', 'download', `${name}=${version}`], { cwd: folder });
    } catch {
      const { stdout } = await run('apt-cache', [...options, 'policy', name]);
      const now = /Candidate: (\S+)/.exec(stdout)?.[1] ?? 'none';
      throw new Error(
        `${mirror} has ${name} ${now}, and not ${version}: raise it in scripts/release/debian.ts, or set ` +
          'DEBIAN_MIRROR to an address of snapshot.debian.org that has it.',
      );
    }
    const file = join(folder, `${name}.deb`);
    await run('sh', ['-c', 'mv -- "$0"_*.deb "$0.deb"', join(folder, name)]);
    return readFile(file);
  }
  return { download };
}
