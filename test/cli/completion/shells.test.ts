import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test } from 'vitest';
import { completionCommand } from '../../../src/cli/commands/completion.ts';
import { loadCommands } from '../commands/all.ts';
import { portsOf } from '../run-command.ts';

/** The words that are typed, of which a shell completes the last, and what the shell offers. */
const cases: readonly (readonly [words: readonly string[], offered: readonly string[]])[] = [
  [['lin'], ['lint']],
  [
    ['lint', '--output', ''],
    ['text', 'json', 'github', 'sarif'],
  ],
  [['lint', '-o', 's'], ['sarif']],
  [['lint', 'c'], ['c d.yaml']],
  [['lint', '--kubeconfig', 'c'], ['c d.yaml']],
  [['certs', '--out', 's'], ['sub']],
  [['status', '--na'], ['--namespace']],
  [['status', '-n', ''], []],
  [
    ['help', 're'],
    ['reconcile', 'release', 'rerun', 'resume'],
  ],
  [['completion', 'f'], ['fish']],
  [['list', 'o'], ['orchestrations']],
  [['list', '-o', 'y'], ['yaml']],
  [['reconcile', '--leader-elect', 't'], ['true']],
  [['serve', '--log-level', 'w'], ['warn']],
];

/** Makes a folder with the files of those cases and the completion script of a shell. */
async function makeFolder(shell: string) {
  const verbs = (await loadCommands()).map(
    (command) => [command.verb, "What it's for: [this]", { load: () => Promise.resolve(command) }] as const,
  );
  const { stdout } = await completionCommand(() => verbs).execute([shell], portsOf());
  const folder = await mkdtempDisposable(join(tmpdir(), 'completion-'));
  onTestFinished(() => folder.remove());
  await writeFile(join(folder.path, 'c d.yaml'), '');
  await mkdir(join(folder.path, 'sub'));
  await writeFile(join(folder.path, 'script'), stdout);
  return folder.path;
}

/** Runs a program in a shell. The program writes a line for each case: the offers of the shell, with tabs between. */
async function offersOf(shell: string, flags: readonly string[], program: string): Promise<readonly string[][]> {
  const folder = await makeFolder(shell);
  const child = spawn(shell, [...flags, '-c', program], { cwd: folder, timeout: 120_000 });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  expect(stderr).toBe('');
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t').filter((word) => word !== ''));
}

const quote = (word: string) => `'${word}'`;
const isThere = (shell: string) => spawnSync(shell, ['--version']).status === 0;
const unlessRun = (shell: string) =>
  isThere(shell) ? '' : ` (not run: there is no ${shell} (make shells installs it))`;
const expected = cases.map(([, offered]) => [...offered].sort());
const sorted = (offers: readonly string[][]) => offers.map((words) => [...words].sort());

test('bash offers verbs, flags, their values, files and folders', async () => {
  const ask = cases.map(([words]) => {
    const all = ['orchestration-gate', ...words].map(quote);
    return `COMP_WORDS=(${all.join(' ')}); COMP_CWORD=${all.length - 1}; _orchestration_gate; printf '%s\\t' "\${COMPREPLY[@]}"; echo`;
  });
  const offers = await offersOf('bash', ['--norc'], `source ./script\n${ask.join('\n')}`);
  expect(sorted(offers)).toEqual(expected);
});

test('bash completes a value behind an equals sign, which is a word of its own to it', async () => {
  const ask = (words: string, at: number) =>
    `COMP_WORDS=(orchestration-gate lint ${words}); COMP_CWORD=${at}; _orchestration_gate; printf '%s\\t' "\${COMPREPLY[@]}"; echo`;
  const program = `source ./script\n${ask('--output =', 3)}\n${ask('--output = j', 4)}`;
  expect(await offersOf('bash', ['--norc'], program)).toEqual([['text', 'json', 'github', 'sarif'], ['json']]);
});

describe('where it is installed,', () => {
  test.skipIf(!isThere('fish'))(`fish offers the same${unlessRun('fish')}`, async () => {
    const ask = cases.map(([words]) => {
      const line = ['orchestration-gate', ...words].join(' ');
      return `echo (complete -C ${quote(line)} | string split -f1 \\t | string trim -r -c / | string join \\t)`;
    });
    const offers = await offersOf('fish', ['--no-config'], `source ./script\n${ask.join('\n')}`);
    expect(sorted(offers)).toEqual(expected);
  });

  test.skipIf(!isThere('zsh'))(`zsh completes what is the only offer${unlessRun('zsh')}`, async () => {
    const single = cases.filter(([, offered]) => offered.length === 1);
    const ask = single.map(([words, [offered = '']]) => {
      const typed = ['orchestration-gate', ...words].join(' ');
      const whole = ['orchestration-gate', ...words.slice(0, -1), offered.replace(' ', '\\ ')].join(' ');
      // No Enter is sent (-n), so the shell only edits the line. Control-U (\x15) then clears it.
      return `zpty -w -n shell ${quote(typed)}$'\\t'; zpty -r shell said ${quote(`*${whole}`)}'*'; echo ${quote(offered)}; zpty -w -n shell $'\\x15'`;
    });
    const setUp = [
      'zmodload zsh/zpty; zpty shell zsh -f -i',
      'zpty -w shell \'PS1=; unsetopt zle_bracketed_paste; autoload -Uz compinit; compinit -u -D; source ./script; echo rea""dy\'',
      "zpty -r shell said '*ready*'",
    ];
    const offers = await offersOf('zsh', ['-f'], `${setUp.join('\n')}\n${ask.join('\n')}\nzpty -d shell`);
    expect(offers).toEqual(single.map(([, offered]) => offered));
  });
});
