/** The limits of a row. */
export interface Budget {
  /** In the unit of the row. */
  readonly max?: number;
  /** The limit of ours minus the other, in the unit of the row. */
  readonly maxAdded?: number;
  readonly maxRatio?: number;
  readonly minRatio?: number;
  /** The limit of the lower end of the ratio's interval. */
  readonly maxLowRatio?: number;
}

/**
 * One measurement of ours, and one of something else in the same run. `other` and `ratio` are absent if that was not
 * measured.
 */
export interface Row {
  readonly what: string;
  readonly unit: string;
  readonly ours: number;
  /** What the other is; absent if there is none. */
  readonly against?: string;
  readonly other?: number;
  /**
   * ours ÷ other: the median of the rounds' ratios, because noise that lasts longer than a round does not change it.
   */
  readonly ratio?: number;
  /** The interval of the ratio with 95 % confidence. */
  readonly interval?: { readonly low: number; readonly high: number };
  readonly budget: Budget;
}

type Verdict = 'held' | 'NOT HELD' | 'not run' | 'no budget';

/** A budget is held only if everything that it limits was measured. A value that breaks it counts in any case. */
export function verdictOf(row: Row): Verdict {
  const found = limitsOf(row).map(judge);
  return (['NOT HELD', 'not run', 'held'] as const).find((verdict) => found.includes(verdict)) ?? 'no budget';
}

/** One limit of a budget, and the value that it limits. The value is undefined if the other was not run. */
interface Limit {
  readonly text: string;
  readonly value: number | undefined;
  readonly most?: number | undefined;
  readonly least?: number | undefined;
}

function limitsOf({ unit, ours, other, ratio, interval, budget }: Row): Limit[] {
  const { max, maxAdded, maxRatio, minRatio, maxLowRatio } = budget;
  const limits: Limit[] = [
    { text: `≤ ${max} ${unit}`, value: ours, most: max },
    { text: `≤ ${maxAdded} ${unit} more`, value: other && ours - other, most: maxAdded },
    { text: `ratio ≤ ${maxRatio}`, value: ratio, most: maxRatio },
    { text: `ratio ≥ ${minRatio}`, value: ratio, least: minRatio },
    { text: `ratio ≤ ${maxLowRatio}, lower end`, value: interval?.low, most: maxLowRatio },
  ];
  return limits.filter(({ most, least }) => most !== undefined || least !== undefined);
}

function judge({ value, most = Infinity, least = -Infinity }: Limit): Verdict {
  if (value === undefined) return 'not run';
  return value >= least && value <= most ? 'held' : 'NOT HELD';
}

/** Formats the rows as a Markdown table, padded so that it is readable in a terminal too. */
export function formatTable(rows: readonly Row[]): string {
  return formatCells([['what', 'ours', 'other', 'against', 'ratio', 'budget', 'verdict'], ...rows.map(cellsOf)]);
}

/** Formats any table in Markdown. The first row has the headings. */
export function formatCells(cells: readonly (readonly string[])[]): string {
  const widths = cells[0]?.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0))) ?? [];
  const lines = cells.map((row) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`);
  return lines.toSpliced(1, 0, `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`).join('\n');
}

function cellsOf(row: Row): string[] {
  const { what, unit, ours, against, other } = row;
  const missing = against === undefined ? '–' : 'not run';
  const limits = limitsOf(row).map(({ text }) => text);
  return [
    what,
    `${round(ours)} ${unit}`,
    other === undefined ? missing : `${round(other)} ${unit}`,
    against ?? '–',
    formatRatio(row),
    limits.join(', ') || '–',
    verdictOf(row),
  ];
}

function formatRatio({ ratio, interval }: Row): string {
  if (ratio === undefined) return '–';
  return interval === undefined ? round(ratio) : `${round(ratio)} (${round(interval.low)} to ${round(interval.high)})`;
}

/** Rounds to three digits, because the fourth is noise. */
export function round(value: number): string {
  return String(Number(value.toPrecision(3)));
}
