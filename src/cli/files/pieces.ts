/** A piece of a text, and where in the text it begins. */
export interface Piece {
  readonly text: string;
  readonly start: number;
}

/**
 * Returns the YAML documents of a text. Like kubectl, cuts at lines that begin with `---` before it parses anything, so
 * that a quote left open in one document does not swallow the next.
 */
export function cutDocuments(text: string): readonly Piece[] {
  const markers = [...text.matchAll(/^---(?=\s|$)/gm)].map(({ index }) => index);
  const starts = [0, ...markers.filter((index) => index > 0)];
  return starts.map((start, index) => ({ text: text.slice(start, starts[index + 1]), start }));
}

/**
 * Returns the JSON objects of a piece. Empty if the piece holds anything else. Uses only the braces to separate the
 * objects, so that an object can be broken inside.
 */
export function cutObjects({ text, start }: Piece): readonly Piece[] {
  const objects: Piece[] = [];
  let depth = 0;
  let from = 0;
  for (const { 0: token, index } of text.matchAll(/"(?:\\.|[^"\\])*"|[{}]|[^\s"{}]+/g)) {
    if (depth === 0 && token !== '{') return [];
    if (token === '{') depth++;
    if (token !== '}' || --depth > 0) continue;
    objects.push({ text: text.slice(from, index + 1), start: start + from });
    from = index + 1;
  }
  if (depth > 0) objects.push({ text: text.slice(from), start: start + from });
  return objects;
}
