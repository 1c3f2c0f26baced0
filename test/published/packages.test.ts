import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempDisposable, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ControlPlane } from '../support/controlplane/controlplane.ts';
import { describeNeeding, startOwnControlPlane } from '../support/controlplane/suite.ts';
import { artifact, RELEASE, unpackImages } from './artifacts.ts';

const run = promisify(execFile);
const examples = join(import.meta.dirname, '../../examples');
const makeFolder = () => mkdtempDisposable(join(tmpdir(), 'orchestration-gate-'));

describe('the package for npm', () => {
  it('installs two commands and no other package, and lints', async () => {
    await using folder = await makeFolder();
    const options = ['--prefix', folder.path, '--offline', '--ignore-scripts', '--no-audit', '--no-fund'];
    await run('npm', ['install', ...options, artifact('orchestration-gate-npm-*.tgz')]);
    const installed = (await readdir(join(folder.path, 'node_modules'))).filter((name) => !name.startsWith('.'));
    expect(installed).toEqual(['orchestration-gate']);
    for (const command of ['orchestration-gate', 'kubectl-orchestration']) {
      const file = join(folder.path, 'node_modules/.bin', command);
      const { stdout } = await run(file, ['lint', join(examples, 'diamond.yaml')], { cwd: folder.path });
      expect(stdout).toBe('no problems in 1 object\n');
    }
  });
});

describe('SHA256SUMS', () => {
  it('holds the checksum of every other file', async () => {
    const { stdout } = await run('sha256sum', ['--check', '--strict', 'SHA256SUMS'], { cwd: RELEASE });
    const checked = [...stdout.matchAll(/^(.+): OK$/gm)].map(([, name]) => name);
    const files = (await readdir(RELEASE)).filter((name) => name !== 'SHA256SUMS');
    expect(new Set(checked)).toEqual(new Set(files));
  });
});

describe('the provenance', () => {
  it('names every artifact by its checksum, and the commit', async () => {
    const statement = JSON.parse(await readFile(artifact('provenance.intoto.json'), 'utf8'));
    const names = (await readdir(RELEASE)).filter((name) => !/^(SHA256SUMS|provenance)/.test(name)).toSorted();
    expect(statement.subject.map(({ name }: { name: string }) => name)).toEqual(names);
    for (const { name, digest } of statement.subject) {
      const sum = createHash('sha256')
        .update(await readFile(join(RELEASE, name)))
        .digest('hex');
      expect({ name, digest }).toEqual({ name, digest: { sha256: sum } });
    }
    expect(statement.predicate.buildDefinition.resolvedDependencies[0].digest.gitCommit).toMatch(/^[0-9a-f]{40}$/);
  });
});

describe('the bills of materials', () => {
  it.each(['npm', 'image-amd64', 'image-arm64'])('of %s list the same components in both formats', async (suffix) => {
    const read = async (format: string) =>
      JSON.parse(await readFile(artifact(`sbom-${suffix}.${format}.json`), 'utf8'));
    const purls = (await read('cdx')).components.map(({ purl }: { purl: string }) => purl);
    const [, ...packages] = (await read('spdx')).packages as { externalRefs: { referenceLocator: string }[] }[];
    expect(packages.map(({ externalRefs }) => externalRefs[0]?.referenceLocator)).toEqual(purls);
    for (const name of ['fastify', 'undici', 'preact'])
      expect(purls).toContainEqual(expect.stringMatching(`pkg:npm/${name}@`));
    expect(purls.some((purl: string) => purl.startsWith('pkg:deb/debian/libc6@'))).toBe(suffix !== 'npm');
  });
});

describe('the completion for bash', () => {
  it('completes a command', async () => {
    const script =
      'source "$0"; COMP_WORDS=(orchestration-gate reconc); COMP_CWORD=1; _orchestration_gate; echo "${COMPREPLY[@]}"';
    const { stdout } = await run('bash', ['-c', script, artifact('orchestration-gate.bash')]);
    expect(stdout.trim()).toBe('reconcile');
  });
});

describeNeeding(['ownControlPlane'], 'on a new control plane,', () => {
  const deployment = ['get', 'deployment', 'orchestration-gate', '-n', 'orchestration-gate', '-o', 'json'];
  let plane: ControlPlane;
  beforeAll(async () => {
    plane = await startOwnControlPlane();
  });
  afterAll(() => plane?.stop());

  async function run(tool: 'kubectl' | 'helm', ...words: string[]): Promise<string> {
    const { code, stdout, stderr } = await plane[tool](words);
    expect({ words, code, stderr: code === 0 ? '' : stderr }).toEqual({ words, code: 0, stderr: '' });
    return stdout;
  }

  /** Checks that all containers of the pods have the published image. */
  async function expectPublishedImage(): Promise<void> {
    await using folder = await makeFolder();
    const { digest } = await unpackImages(folder.path);
    const { containers } = JSON.parse(await run('kubectl', ...deployment)).spec.template.spec;
    for (const { image } of containers)
      expect(image).toMatch(new RegExp(`^ghcr\\.io/.+/orchestration-gate@${digest}$`));
  }

  it('the charts install the published image, and uninstall', async () => {
    const namespace = ['--namespace', 'orchestration-gate'];
    await run('helm', 'install', 'crds', artifact('orchestration-gate-crds-*.tgz'), ...namespace, '--create-namespace');
    await run('helm', 'install', 'orchestration-gate', artifact('orchestration-gate-[0-9]*.tgz'), ...namespace);
    await expectPublishedImage();
    // The hook before the deletion is a Job, which no node would run here.
    await run('helm', 'uninstall', 'orchestration-gate', ...namespace, '--no-hooks');
    await run('helm', 'uninstall', 'crds', ...namespace, '--no-hooks');
  });

  it('the manifest installs the published image, twice, and an Orchestration can be stored', async () => {
    const apply = ['apply', '--server-side', '-f', artifact('install.yaml')];
    await run('kubectl', ...apply);
    await run('kubectl', ...apply);
    await expectPublishedImage();
    await run('kubectl', 'wait', '--for=condition=Established', 'crd/orchestrations.orchestration.proompteng.ai');
    const webhooks = await run('kubectl', 'get', 'validatingwebhookconfiguration', '-o', 'name');
    expect(webhooks).toContain('orchestration-gate');
  });
});
