/** Spaces between columns, as in kubectl. */
const GAP = 3;

/**
 * Creates a function that writes rows under a header as kubectl does. The header comes before the first rows. In each
 * call, a column is as wide as its widest cell so far. The last column is not padded.
 */
export function createTable(header: readonly string[]): (rows: readonly (readonly string[])[]) => string {
  const widths = header.map(({ length }) => length);
  let isBegun = false;
  return (rows) => {
    const lines = isBegun ? rows : [header, ...rows];
    isBegun = true;
    for (const row of rows) {
      for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length);
    }
    const write = (row: readonly string[]) =>
      row.map((cell, column) => cell.padEnd((widths[column] ?? 0) + GAP)).join('');
    return lines.map((row) => `${write(row).trimEnd()}\n`).join('');
  };
}
