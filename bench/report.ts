import { formatTable, type Row } from './table.ts';
import type { Effort } from './turns.ts';

/** One section that was measured as a whole, on a day such as 2026-01-31. */
export interface Measured extends Effort {
  readonly title: string;
  readonly date: string;
  readonly machine: { readonly cpu: string; readonly cores: number; readonly node: string; readonly go: string };
  readonly rows: readonly Row[];
  readonly notes: readonly string[];
}

/** The content of `bench/results.json`: the last run of each section, in the order of the page. */
export type Results = Readonly<Record<string, Measured>>;

/** Returns the text of `docs/reference/benchmarks.md`: the tables of all sections, and how they were measured. */
export function formatReport(results: Results): string {
  return `# Benchmarks

<!-- Written by \`make bench\` from bench/report.ts. -->

\`make bench\` measures all of this on one machine, section by section, and exits 1 if a budget is not held.
\`make bench BENCH=gate\` measures one section again.
What the peers say of the same graphs, and how long they take, is [a page of its own](peers.md). So is [what other engines do
with them](engines.md).

## How to read the tables

- *ratio* is ours ÷ other. Times on a shared machine are noise: look at the ratios.
- Rows of a kind take turns, for the rounds of their section where nothing else is said, warm: a number is the median of the rounds, a ratio the median of the rounds’ ratios.
- *no budget* is for information; *not run* means that the other side was missing here, and does not count as held.

${Object.values(results).map(formatSection).join('\n')}`;
}

function formatSection({ title, date, machine, rounds, rows, notes }: Measured): string {
  return `## ${title}

Measured on ${date}: ${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, ${machine.go}, ${rounds} rounds.

${formatTable(rows)}

${notes.map((note) => (note.startsWith(' ') ? note : `- ${note}`)).join('\n')}
`;
}
