/** The value of a series on a page of metrics, as `name` or `name{label="value"}`; undefined if the page has none. */
export function readSeries(page: string, series: string): number | undefined {
  const line = page.split('\n').find((one) => one.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length));
}
