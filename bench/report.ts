import { formatTable, type Row } from './table.ts';
import type { Effort } from './turns.ts';

/** What `bench/results.json` holds: one run, on a day such as 2026-01-31. */
export interface Results extends Effort {
  readonly date: string;
  readonly machine: { readonly cpu: string; readonly cores: number; readonly node: string; readonly go: string };
  readonly rows: readonly Row[];
  readonly notes: readonly string[];
}

/** `docs/benchmarks.md`: the table of one run, and how it was measured. */
export function formatReport({ date, machine, rounds, rows, notes }: Results): string {
  return `# Benchmarks

<!-- Written by \`make bench\` from bench/report.ts. -->

\`make bench\` measures all of this in one run on one machine and exits 1 if a budget is not held.
This run: ${date}, ${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, ${machine.go}.
What the peers say of the same graphs, and how long they take, is [a page of its own](peers.md).

${formatTable(rows)}

## Method

- *ratio* is ours ÷ other. Times on a shared machine are noise: look at the ratios.
- Rows of a kind take turns, for ${rounds} rounds where nothing else is said, warm: a number is the median of the rounds, a ratio the median of the rounds’ ratios.
- *no budget* is for information; *not run* means that the other side was missing here, and does not count as held.
${notes.map((note) => (note.startsWith(' ') ? note : `- ${note}`)).join('\n')}
`;
}
