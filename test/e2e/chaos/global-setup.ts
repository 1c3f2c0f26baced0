import { parseArgs } from 'node:util';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** For how many minutes things break. */
    minutes: number;
    /** How many minutes nothing breaks afterwards. */
    calm: number;
    /** Determines the schedule. */
    seed: number;
    /**
     * A shell command that runs a script from its standard input, in a place where the script sees all processes of the
     * node; empty if there is none.
     */
    nodeShell: string;
  }
}

/** Reads how long and in which order things break, and where. Called by vitest. */
export function setup(project: TestProject): void {
  const { CHAOS = '', NODE_SHELL = '' } = process.env;
  const { values } = parseArgs({
    args: CHAOS.split(' ').filter((word) => word !== ''),
    options: {
      minutes: { type: 'string', default: '120' },
      calm: { type: 'string', default: '30' },
      seed: { type: 'string', default: `${Date.now() % 1_000_000}` },
    },
  });
  project.provide('minutes', Number(values.minutes));
  project.provide('calm', Number(values.calm));
  project.provide('seed', Number(values.seed));
  project.provide('nodeShell', NODE_SHELL);
}
