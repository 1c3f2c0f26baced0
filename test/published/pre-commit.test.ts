import { execFile, spawnSync } from 'node:child_process';
import { copyFile, mkdir, mkdtempDisposable, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');
const PRE_COMMIT = 'pre-commit==4.7.0';
const PATIENCE_MS = 900_000;

const hasVenv = spawnSync('python3', ['-c', 'import venv, ensurepip']).status === 0;
const unlessRun = hasVenv ? '' : ' (not run: Python makes no environments (apt-get install python3-venv))';

it.skipIf(!hasVenv)(
  `pre-commit installs the program from the last commit of this repository, and lints with it${unlessRun}`,
  { timeout: PATIENCE_MS },
  async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'orchestration-gate-'));
    const at = (...names: string[]) => join(folder.path, ...names);
    await run('python3', ['-m', 'venv', at('venv')]);
    await run(at('venv/bin/pip'), ['install', '--quiet', PRE_COMMIT]);
    // pre-commit takes the Node that is installed, by either name.
    await mkdir(at('bin'));
    for (const name of ['node', 'nodejs']) await symlink(process.execPath, at('bin', name));

    const cwd = at('repository');
    await mkdir(cwd);
    const git = (...words: string[]) => run('git', words, { cwd });
    await git('init', '--quiet');
    await copyFile(join(root, 'examples/diamond.yaml'), join(cwd, 'diamond.yaml'));
    const { stdout: revision } = await run('git', ['rev-parse', 'HEAD'], { cwd: root });
    const hook = { repo: root, rev: revision.trim(), hooks: [{ id: 'orchestration-gate-lint' }] };
    await writeFile(join(cwd, '.pre-commit-config.yaml'), JSON.stringify({ repos: [hook] }));
    await git('add', '.');

    const env = { ...process.env, PATH: `${at('bin')}:${process.env['PATH']}`, PRE_COMMIT_HOME: at('cache') };
    const lint = () => run(at('venv/bin/pre-commit'), ['run', '--all-files'], { cwd, env });
    expect((await lint()).stdout).toMatch(/^lint Orchestrations\.+Passed$/m);
    await copyFile(join(root, 'examples/rejected/dependency-cycle.yaml'), join(cwd, 'broken.yaml'));
    await git('add', '.');
    const failed = await lint().catch((error) => error);
    expect(failed).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^broken\.yaml:\d+:\d+: deny DependencyCycle/m),
    });
  },
);
