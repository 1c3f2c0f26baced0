import type { styleText } from 'node:util';
import type { ControlPlane } from '../../test/support/controlplane/controlplane.ts';
import type { Gate } from '../../test/support/gate.ts';

/** One thing that a user does, and its expected result. */
export interface Step {
  /** The heading. A step without one continues the step before it. */
  readonly title?: string;
  readonly command: Command;
  /** The expected result, in words. */
  readonly told: string;
  /** The expected exit code. The default is 0. */
  readonly exitCode?: number;
  /** One text for each line that the command prints. The line must contain the text. */
  readonly prints: readonly string[];
}

/** Something to do on the stage. */
export interface Command {
  /** The command as a user would type it, or lines of a comment if it is not a command. */
  readonly shown: string;
  /** What it writes itself appears at once. What it returns appears when it is done. */
  readonly perform: (stage: Stage, teller: Teller) => Promise<Outcome>;
}

interface Outcome {
  readonly exitCode: number;
  readonly output: string;
}

/** The servers on which a tour runs. */
export interface Stage {
  readonly cluster: ControlPlane;
  readonly gate: Gate;
  /** Whatever is put into this stack ends with the stage. */
  readonly ends: AsyncDisposableStack;
}

/** The output of a tour. */
export interface Teller {
  readonly write: (text: string) => void;
  /** Whether lines can be overwritten. */
  readonly isTerminal: boolean;
  /** Colours a text, if colours are wanted. */
  readonly paint: (style: Parameters<typeof styleText>[0], text: string) => string;
}

/** Takes the steps one after another, and shows each. Returns how many did not end as expected. */
export async function takeSteps(steps: readonly Step[], stage: Stage, teller: Teller): Promise<number> {
  const { write, paint } = teller;
  let failed = 0;
  for (const step of steps) {
    if (step.title !== undefined) write(`\n${paint('bold', step.title)}\n`);
    write(indent(paint('cyan', step.command.shown)));
    const outcome = await step.command.perform(stage, teller);
    const differences = findDifferences(step, outcome);
    if (differences.length > 0) failed += 1;
    const mark = differences.length === 0 ? paint('green', '✓') : paint('red', '✗ not as expected:');
    write(indent([...linesOf(outcome), `${mark} ${step.told}`, ...differences].join('\n')));
  }
  return failed;
}

function findDifferences({ exitCode = 0, prints }: Step, outcome: Outcome): string[] {
  const lines = linesOf(outcome);
  return [
    ...(outcome.exitCode === exitCode ? [] : [`  exit code: ${outcome.exitCode}, expected ${exitCode}`]),
    ...(lines.length === prints.length ? [] : [`  lines: ${lines.length}, expected ${prints.length}`]),
    ...prints.flatMap((text, index) => (lines[index]?.includes(text) ? [] : `  line ${index + 1}: expected ${text}`)),
  ];
}

function linesOf({ output }: Outcome): string[] {
  return output.split('\n').filter((line) => line !== '');
}

function indent(text: string): string {
  return `${text.replace(/^(?=.)/gm, '  ')}\n`;
}
