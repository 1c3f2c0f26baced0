/** The most a row may show. */
export interface Budget {
  /** In the unit of the row. */
  readonly max?: number;
  readonly maxRatio?: number;
}

/** One measurement of ours beside one of something else in the same run; `other` and `ratio` are absent if that was not run. */
export interface Row {
  readonly what: string;
  readonly unit: string;
  readonly ours: number;
  /** What the other is. */
  readonly against: string;
  readonly other?: number;
  /** ours ÷ other: the median of the rounds' ratios, since noise that lasts longer than a round does not touch it. */
  readonly ratio?: number;
  readonly budget: Budget;
}

/** A budget is held only when all it speaks of was measured. */
export function verdictOf({
  ours,
  ratio,
  budget: { max, maxRatio },
}: Row): 'held' | 'NOT HELD' | 'not run' | 'no budget' {
  if (max === undefined && maxRatio === undefined) return 'no budget';
  if (max !== undefined && ours > max) return 'NOT HELD';
  if (maxRatio === undefined) return 'held';
  if (ratio === undefined) return 'not run';
  return ratio <= maxRatio ? 'held' : 'NOT HELD';
}

/** The rows as a Markdown table, padded so that it reads well in a terminal too. */
export function formatTable(rows: readonly Row[]): string {
  const cells = [['what', 'ours', 'other', 'against', 'ratio', 'budget', 'verdict'], ...rows.map(cellsOf)];
  const widths = cells[0]?.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0))) ?? [];
  const lines = cells.map((row) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`);
  return lines.toSpliced(1, 0, `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`).join('\n');
}

function cellsOf(row: Row): string[] {
  const { what, unit, ours, against, other, ratio, budget } = row;
  const limits = [budget.max && `≤ ${budget.max} ${unit}`, budget.maxRatio && `ratio ≤ ${budget.maxRatio}`];
  return [
    what,
    `${round(ours)} ${unit}`,
    other === undefined ? 'not run' : `${round(other)} ${unit}`,
    against,
    ratio === undefined ? '–' : round(ratio),
    limits.filter(Boolean).join(', ') || '–',
    verdictOf(row),
  ];
}

/** Three digits: the fourth is noise. */
function round(value: number): string {
  return String(Number(value.toPrecision(3)));
}
