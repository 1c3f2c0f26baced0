import { describe, expect, test } from 'vitest';
import type { Screen } from '../../../src/cli/cluster/port.ts';
import { describeChanges, showChanges, showLive } from '../../../src/cli/cluster/progress.ts';
import { aRun, msAfter, stepStatus, timeAfter } from './runs.ts';

/** A terminal that understands the control codes of a drawing: cursor up, return, erase below. */
function aTerminal(rows: number) {
  const lines: string[] = [];
  let row = 0;
  const warnings: string[] = [];
  const print = (text: string) => {
    for (const line of text.replaceAll('\r', '').split('\n').slice(0, -1)) lines[row++] = line;
  };
  const screen: Screen = {
    isInteractive: true,
    isColored: false,
    size: () => ({ columns: 80, rows }),
    write(text) {
      const [plain = '', ...commands] = text.split('\x1b[');
      print(plain);
      for (const command of commands) {
        const [whole, up] = /^(?:(\d+)A|J)/.exec(command) ?? [''];
        if (up === undefined) lines.length = row;
        else row -= Number(up);
        print(command.slice(whole.length));
      }
    },
    drained: () => Promise.resolve(true),
    warn: (text) => warnings.push(text),
  };
  return { screen, lines, warnings };
}

const running = (...names: string[]) =>
  aRun({
    phase: 'Running',
    stepStatuses: names.map((name) => stepStatus(name, 'Running', { startedAt: timeAfter(0) })),
  });
const ended = aRun({
  phase: 'Succeeded',
  finishedAt: timeAfter(3),
  stepStatuses: ['a', 'b', 'c', 'd'].map((name) => stepStatus(name, 'Succeeded')),
});

describe('in a terminal', () => {
  test('a run is drawn over itself, trouble below it, until it has ended', () => {
    const { screen, lines } = aTerminal(40);
    const { show } = showLive(screen);
    show(running('a', 'b'), msAfter(1));
    show(running('a', 'b'), msAfter(2), 'cannot follow');
    expect(lines).toEqual([
      expect.stringContaining('2s'),
      '  ▶ Running   a  2s',
      '  ▶ Running   b  2s',
      'cannot follow',
    ]);
    show(ended, msAfter(3));
    expect(lines).toHaveLength(5);
    expect(lines.join('\n')).not.toContain('Running ');
  });

  test('a run that has ended is drawn whole, however small the terminal', () => {
    const { screen, lines } = aTerminal(3);
    const { show } = showLive(screen);
    show(running('a', 'b', 'c', 'd'), msAfter(1));
    expect(lines).toHaveLength(2);
    show(ended, msAfter(3));
    expect(lines).toHaveLength(5);
  });
});

describe('in a log', () => {
  test('a step is told when its phase, attempt or what it waits for changes, and a run when it stands otherwise', () => {
    const first = aRun({ phase: 'Running', stepStatuses: [stepStatus('a', 'Running'), stepStatus('b', 'Pending')] });
    const again = aRun({
      phase: 'Running',
      stepStatuses: [stepStatus('a', 'Running', { attempt: 2 }), stepStatus('b', 'Pending')],
    });
    const told = (...runs: Parameters<typeof describeChanges>) => describeChanges(...runs).map(({ text }) => text);
    expect(told(undefined, first, msAfter(1))).toEqual([
      'OrchestrationRun ci/nightly of release: Running, 0 of 2 steps done, 1s',
      '▶ Running   a',
    ]);
    expect(told(first, first, msAfter(2))).toEqual([]);
    expect(told(first, again, msAfter(3))).toEqual(['▶ Running   a  attempt 2']);
    const waits = (message: string) =>
      aRun({
        phase: 'Running',
        stepStatuses: [stepStatus('a', 'Running', { attempt: 2, message }), stepStatus('b', 'Pending', { message })],
      });
    expect(told(again, waits('waits for x'), msAfter(3))).toEqual([
      '▶ Running   a  attempt 2  waits for x',
      '· Pending   b  waits for x',
    ]);
    expect(told(waits('waits for x'), waits('waits for y'), msAfter(3))).toHaveLength(2);
    expect(told(waits('waits for x'), waits(''), msAfter(3))).toEqual([]);
    expect(told(again, ended, msAfter(4)).at(-1)).toMatch(/: Succeeded, 3s$/);
  });

  test('a line begins with a time, and trouble is told once, elsewhere', () => {
    const { screen, lines, warnings } = aTerminal(40);
    const { show } = showChanges(screen);
    show(running('::error::x'), msAfter(1));
    show(running('::error::x'), msAfter(1), 'cannot follow');
    show(running('::error::x'), msAfter(2), 'cannot follow');
    expect(lines.map((line) => line.slice(0, 9))).toEqual(['12:00:01 ', '12:00:01 ']);
    expect(warnings).toEqual(['12:00:01 cannot follow\n']);
  });
});
