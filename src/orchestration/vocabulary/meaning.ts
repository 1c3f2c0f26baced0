/** The meaning of a word that is stored in the cluster, for the people who read it there. */
export interface Meaning {
  readonly meaning: string;
  /** What the reader can do. Absent if there is nothing to do. */
  readonly action?: string;
}

/**
 * A word that was read from the API server: one of ours, or one that another version or another controller wrote. A
 * foreign word equals none of ours, so it affects no decision. It is kept and shown unchanged.
 */
export type Stored<Word extends string> = Word | (string & {});

/**
 * Returns the words of a table, each under its own name, so that the code never contains a word as a string literal.
 */
export function namesOf<Table extends Readonly<Record<string, Meaning>>>(
  table: Table,
): { readonly [Word in keyof Table & string]: Word } {
  return Object.fromEntries(Object.keys(table).map((word) => [word, word])) as {
    readonly [Word in keyof Table & string]: Word;
  };
}
