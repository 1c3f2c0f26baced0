import { setTimeout as delay } from 'node:timers/promises';
import { drawRun, type Line, paintLine } from '../../src/cli/cluster/drawing.ts';
import { describeChanges } from '../../src/cli/cluster/progress.ts';
import { type Run, readRun } from '../../src/cli/cluster/run.ts';
import type { RunStatus } from '../../src/orchestration/run-status.ts';
import { connectNamespace } from '../../test/support/namespaced-api.ts';
import type { Command, Teller } from './step.ts';

const patienceSeconds = 30;
const pollMilliseconds = 50;

/**
 * Shows a run as `orchestration-gate watch` does, until it is in the expected state: on a terminal as a list that
 * changes in place, elsewhere as a line for each change. Then prints the state, with a line for the run and one for
 * each step.
 */
export function follow(name: string, isReached: (status: RunStatus) => boolean): Command {
  return {
    shown: `# following orchestrationrun ${name}`,
    perform: async ({ cluster }, teller) => {
      const { waitFor } = connectNamespace(cluster, 'default');
      const show = teller.isTerminal ? drawOver(teller) : tellChanges(teller);
      const deadline = performance.now() + patienceSeconds * 1000;
      while (performance.now() < deadline) {
        const run = readRun(await waitFor('OrchestrationRun', name));
        const lines = drawRun(run, Date.now());
        if (isReached(run.status)) {
          show(undefined, []);
          return { exitCode: 0, output: lines.map(({ text }) => text).join('\n') };
        }
        show(run, lines);
        await delay(pollMilliseconds);
      }
      return { exitCode: 1, output: `${name} is not as told after ${patienceSeconds} s` };
    },
  };
}

/** Shows a run. If the run is undefined, removes what was drawn. */
type Show = (run: Run | undefined, lines: readonly Line[]) => void;

function drawOver({ write }: Teller): Show {
  let drawn = 0;
  return (_, lines) => {
    const back = drawn === 0 ? '' : `\u001b[${drawn}A\u001b[J`;
    write(back + lines.map((line) => `  ${paintLine(line, true)}\n`).join(''));
    drawn = lines.length;
  };
}

function tellChanges({ write, paint }: Teller): Show {
  let told: Run | undefined;
  return (run) => {
    if (run === undefined) return;
    for (const { text } of describeChanges(told, run, Date.now())) write(paint('dim', `    ${text}\n`));
    told = run;
  };
}
