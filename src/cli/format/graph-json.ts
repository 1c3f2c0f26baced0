import type { Drawing } from '../../drawing/drawing.ts';
import { writeJson } from './escape.ts';

/** Writes an array of graphs, for programs. Steps and edges refer to each other by id, because names can be equal. */
export function formatGraphJson(drawings: readonly Drawing[]): string {
  return writeJson(
    drawings.map(({ edges, ...drawing }) => ({
      ...drawing,
      edges: edges.map(({ from, to, ...edge }) => ({ from: from.id, to: to.id, ...edge })),
    })),
  );
}
