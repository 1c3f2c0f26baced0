import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { MAIN } from './cli.ts';

/** A block of commands on a page. */
export interface PageCommand {
  readonly block: string;
  /** What the page shows as its output, in a block directly after it; undefined if it shows none. */
  readonly prints: string | undefined;
}

/** The commands of a page in Markdown (its blocks of `sh`), in its order. Those of a list are without its indentation. */
export function readPageCommands(page: string): PageCommand[] {
  const blocks = page.matchAll(/^( *)```sh\n(.*?)^ *```\n(?:\n *```\n(.*?)^ *```\n)?/gms);
  return [...blocks].map(([, indentation = '', block = '', prints]) => {
    const outdent = (text: string) => text.replaceAll(new RegExp(`^${indentation}`, 'gm'), '');
    return { block: outdent(block), prints: prints === undefined ? undefined : outdent(prints) };
  });
}

/** The terminal sessions that a page shows: each command after `$ `, and what it printed. */
export function readSessions(page: string): { readonly command: string; readonly prints: string }[] {
  return [...page.matchAll(/^```\n(\$ .*?)^```$/gms)].flatMap(([, session = '']) =>
    session
      .split(/^\$ /m)
      .slice(1)
      .map((part) => {
        const [command = '', ...lines] = part.split('\n');
        return { command, prints: lines.join('\n') };
      }),
  );
}

/** Makes `orchestration-gate` a command, which starts from the sources, in a folder to put on the PATH. */
export async function installProgram(folder: string): Promise<void> {
  await mkdir(folder);
  const script = `#!/bin/sh\nexec ${process.execPath} ${MAIN} "$@"\n`;
  await writeFile(join(folder, 'orchestration-gate'), script, { mode: 0o755 });
}

/** Runs a block as a user who stops at the first failure would. `output` is all that a terminal would show. */
export async function runBlock(
  block: string,
  where: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): Promise<{ readonly exitCode: number | null; readonly output: string }> {
  const child = spawn('bash', ['-O', 'expand_aliases', '-euc', `exec 2>&1\n${block}`], where);
  const [output] = await Promise.all([text(child.stdout), once(child, 'close')]);
  return { exitCode: child.exitCode, output };
}

/** The output without times and durations, which a page does not promise. */
export function withoutTimes(output: string): string {
  return output
    .replace(/\b\d+(m\d+)?s\b/g, 'TIME')
    .replace(/\b\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replace(/ +/g, ' ')
    .replace(/ $/gm, '');
}
