import type { styleText } from 'node:util';
import type { ControlPlane } from '../../test/support/controlplane/controlplane.ts';
import type { Gate } from '../../test/support/gate.ts';

/** One thing that a user does, and what is told to come of it. */
export interface Step {
  /** Its heading; without one it goes on with the step before. */
  readonly title?: string;
  readonly command: Command;
  /** What comes of it, in words. */
  readonly told: string;
  /** 0 unless it fails as it should. */
  readonly exitCode?: number;
  /** As many lines as it prints, each of which contains its text. */
  readonly prints: readonly string[];
}

/** Something to do on the stage. */
export interface Command {
  /** How a user would type it; lines of a comment where it is no command. */
  readonly shown: string;
  /** What it writes itself is seen at once; what it returns is told when it is done. */
  readonly perform: (stage: Stage, teller: Teller) => Promise<Outcome>;
}

interface Outcome {
  readonly exitCode: number;
  readonly output: string;
}

/** What the tour plays on. */
export interface Stage {
  readonly cluster: ControlPlane;
  readonly gate: Gate;
  /** Ends with the stage whatever is put into it. */
  readonly ends: AsyncDisposableStack;
}

/** Where a tour is told. */
export interface Teller {
  readonly write: (text: string) => void;
  /** Whether lines can be written over. */
  readonly isTerminal: boolean;
  /** Colours a text, if colours are wanted. */
  readonly paint: (style: Parameters<typeof styleText>[0], text: string) => string;
}

/** Takes the steps one after the other, telling each; returns how many did not go as told. */
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
