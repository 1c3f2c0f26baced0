import { globSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from '../../../src/cli/command.ts';

type Exported = Command | ((start: () => never) => Command);

/** Loads every command. Those that would start a program throw an error instead. */
export async function loadCommands(): Promise<readonly Command[]> {
  const start = () => {
    throw new Error('nothing is to be started');
  };
  const modules = await Promise.all(
    globSync('src/cli/commands/*.ts').map((file) => import(resolve(file)) as Promise<Record<string, Exported>>),
  );
  return modules
    .flatMap((module) => Object.values(module))
    .map((exported) => (typeof exported === 'function' ? exported(start) : exported));
}
