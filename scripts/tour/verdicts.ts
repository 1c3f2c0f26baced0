import { setTimeout as delay } from 'node:timers/promises';
import type { LogLine } from '../../test/support/gate.ts';
import type { Stage, Teller } from './step.ts';

const pollMilliseconds = 100;

/** Shows what the gate logs from now on, one line for each entry, until `end` resolves. */
export async function followVerdicts({ gate }: Stage, teller: Teller, end: Promise<unknown>): Promise<void> {
  const readNewLines = await gate.followLog();
  let isOver = false;
  const over = end.then(() => {
    isOver = true;
  });
  while (!isOver) {
    for (const line of await readNewLines()) teller.write(`  ${describeLine(line, teller)}\n`);
    await Promise.race([over, delay(pollMilliseconds)]);
  }
}

/** What the gate logs about a review. */
interface ReviewLine {
  readonly webhook: string;
  readonly verdict: string;
  readonly operation: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly isDryRun: boolean;
  readonly codes: readonly string[];
  readonly durationMs: number;
}

function describeLine(line: LogLine, { paint }: Teller): string {
  const clock = paint('dim', String(line['time']).slice('2026-01-01T'.length, '2026-01-01T00:00:00'.length));
  if (line.msg !== 'review') return `${clock}  ${line.msg}`;
  const { webhook, verdict, operation, kind, namespace, name, isDryRun, codes, durationMs } = line as LogLine &
    ReviewLine;
  return [
    clock,
    paint(verdict === 'allowed' ? 'green' : 'red', verdict.padEnd(8)),
    `${webhook} ${operation} ${kind} ${namespace}/${name}${isDryRun ? ' (dry run)' : ''}`,
    ...codes.map((code) => paint('yellow', code)),
    paint('dim', `${durationMs.toFixed(1)} ms`),
  ].join('  ');
}
