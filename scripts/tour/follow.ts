import { setTimeout as delay } from 'node:timers/promises';
import { decodeRunStatus } from '../../src/orchestration/decode-status.ts';
import type { RunStatus, StepStatus } from '../../src/orchestration/run-status.ts';
import { connectNamespace } from '../../test/support/namespaced-api.ts';
import type { Command, Teller } from './step.ts';

const patienceSeconds = 30;
const pollMilliseconds = 50;

const marks = {
  Pending: '·',
  Running: '▸',
  Retrying: '↻',
  Succeeded: '✓',
  Failed: '✗',
  Skipped: '-',
  Cancelled: '-',
} as const satisfies Record<StepStatus['phase'], string>;

/**
 * Shows a run while it goes on, until it is as told: on a terminal a list that changes in place, elsewhere a line for each
 * change. Prints how it stands then, a line for the run and one for each step.
 */
export function follow(run: string, isReached: (status: RunStatus) => boolean): Command {
  return {
    shown: `# following orchestrationrun ${run}`,
    perform: async ({ cluster }, teller) => {
      const { read } = connectNamespace(cluster, 'default');
      const show = teller.isTerminal ? redraw(teller) : tellChanges(teller);
      const deadline = performance.now() + patienceSeconds * 1000;
      while (performance.now() < deadline) {
        const status = decodeRunStatus((await read('OrchestrationRun', run))?.['status']);
        if (isReached(status)) {
          show([]);
          return { exitCode: 0, output: describe(run, status).join('\n') };
        }
        show(describe(run, status));
        await delay(pollMilliseconds);
      }
      return { exitCode: 1, output: `${run} is not as told after ${patienceSeconds} s` };
    },
  };
}

function describe(run: string, { phase = 'Pending', conditions, stepStatuses }: RunStatus): string[] {
  const progress = conditions.find(({ type }) => type === 'Progressing')?.message ?? '';
  const width = Math.max(...stepStatuses.map(({ name }) => name.length), run.length - 2);
  return [
    `${run.padEnd(width + 2)}  ${phase.padEnd(9)}  ${progress}`,
    ...stepStatuses.map(({ name, phase: stepPhase, attempt, message = '' }) =>
      [
        `${marks[stepPhase]} ${name.padEnd(width)}  ${stepPhase.padEnd(9)} `,
        ...(attempt > 1 ? [`attempt ${attempt}`] : []),
        ...(message === '' ? [] : [message]),
      ]
        .join(' ')
        .trimEnd(),
    ),
  ];
}

/** Writes the lines over those before. */
function redraw({ write }: Teller): (lines: readonly string[]) => void {
  let drawn = 0;
  return (lines) => {
    const up = drawn === 0 ? '' : `\u001b[${drawn}A\u001b[J`;
    write(up + lines.map((line) => `  ${line}\n`).join(''));
    drawn = lines.length;
  };
}

/** Writes each line that was not there before. */
function tellChanges({ write, paint }: Teller): (lines: readonly string[]) => void {
  let told: readonly string[] = [];
  return (lines) => {
    const [, ...steps] = lines;
    for (const line of steps)
      if (!told.includes(line) && !line.startsWith(marks.Pending)) write(paint('dim', `    ${line}\n`));
    told = steps;
  };
}
