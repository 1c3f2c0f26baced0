import type { Ground } from './ground.ts';

/** What was seen in a row, in a few words and figures, and what is not as it must be. */
export interface Seen {
  readonly now: string;
  readonly complaints: readonly string[];
}

/** A case in which 0.2 was tried beside the controllers of the agents chart. */
export interface Row {
  readonly title: string;
  /** What was seen of 0.2, beside the real controllers. */
  readonly before: string;
  readonly play: (ground: Ground) => Promise<Seen>;
}

/** As a row of a table in Markdown. */
export function format({ title, before }: Row, now: string): string {
  return `| ${[title, before, now].map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}
