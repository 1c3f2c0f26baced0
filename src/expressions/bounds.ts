/**
 * The bounds on the cost of an expression. Together they keep the compilation below a millisecond, apart from patterns,
 * and an evaluation far below a second, whatever the text and the values are.
 */
export const bounds = {
  /** UTF-16 units of an expression. */
  text: 1024,
  /** Levels of brackets within brackets. */
  depth: 32,
  /** Levels of lists and maps in literals. The library keeps every type that it has seen for ever. */
  literalDepth: 3,
  /** Nodes of the syntax tree. */
  nodes: 250,
  /** Places of an expression that read a value. */
  readings: 64,
  /** Calls of matches() in an expression. */
  patterns: 16,
  /** UTF-16 units of a pattern. */
  patternText: 512,
  /** Parts of a pattern: `a{3}` has three. They take time to compile, and time for each character of a text. */
  patternSize: 500,
  /** Parts of all different patterns of a scope. All together take a few milliseconds. */
  scopePatterns: 5000,
  /** Bytes of a result, and units of a value that an expression reads: one for a character, `entry` for an entry. */
  value: 64 * 1024,
  entry: 64,
  /** Units of all values that an evaluation reads. A loop reads them again in each pass. */
  allValues: 512 * 1024,
  /** Levels of lists and maps in values. */
  valueDepth: 32,
  /** UTF-16 units of all expressions of a scope. Each expression and each placeholder counts at least `least`. */
  scopeText: 128 * 1024,
  least: 32,
  /** UTF-16 units of a JSON text with placeholders. The API server has this limit for all annotations of an object. */
  json: 256 * 1024,
  /** Placeholders in a text, and the mistakes and warnings that are reported for it. */
  placeholders: 256,
  mistakes: 50,
  warnings: 10,
  /** UTF-16 units that are searched for the first word of a placeholder. */
  firstWord: 256,
  /** Bytes of a text after interpolation. An object of 1.5 MiB is the largest that etcd stores. */
  rendered: 1024 * 1024,
} as const;
