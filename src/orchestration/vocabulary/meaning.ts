/** What a word means that is stored in the cluster, for whoever reads it there. */
export interface Meaning {
  readonly meaning: string;
  /** What the reader can do; absent where there is nothing to do. */
  readonly action?: string;
}

/**
 * A word that was read from the API server: one of ours, or one that another version or another controller has written. Such
 * a word equals none of ours, so nothing is decided by it; it is kept and shown as it is.
 */
export type Stored<Word extends string> = Word | (string & {});

/** The words of a table, each under its own name: the code names a word and never spells it. */
export function namesOf<Table extends Readonly<Record<string, Meaning>>>(
  table: Table,
): { readonly [Word in keyof Table & string]: Word } {
  return Object.fromEntries(Object.keys(table).map((word) => [word, word])) as {
    readonly [Word in keyof Table & string]: Word;
  };
}
