/**
 * What an expression may cost. Together these bounds keep the compilation of an expression below a millisecond, apart
 * from its patterns, and an evaluation far below a second, whatever the text and the values are.
 */
export const bounds = {
  /** UTF-16 units of an expression. */
  text: 1024,
  /** Brackets within brackets. */
  depth: 32,
  /** Lists and maps within lists and maps, as literals. The library keeps every type that it has seen for ever. */
  literalDepth: 3,
  /** Nodes of the syntax tree. */
  nodes: 250,
  /** Places of an expression that read a value. */
  readings: 64,
  /** Calls of matches() in an expression. */
  patterns: 16,
  /** UTF-16 units of a pattern. */
  patternText: 512,
  /** Parts of a pattern, where `a{3}` counts as three: time to compile it, and time for each character of a text. */
  patternSize: 500,
  /** Parts of all different patterns of a scope, which is a few milliseconds in all. */
  scopePatterns: 5000,
  /** Bytes of a result, and units of a value that an expression reads: its characters, and `entry` for each entry. */
  value: 64 * 1024,
  entry: 64,
  /** Units of all values that an evaluation reads. A loop reads again in each of its turns. */
  allValues: 512 * 1024,
  /** Lists and maps within lists and maps, as values. */
  valueDepth: 32,
  /** UTF-16 units of all expressions of a scope, in which each expression and each placeholder counts `least` at least. */
  scopeText: 128 * 1024,
  least: 32,
  /** UTF-16 units of a JSON text with placeholders: the API server bounds all annotations of an object alike. */
  json: 256 * 1024,
  /** Placeholders in a text, and mistakes and warnings that it gets. */
  placeholders: 256,
  mistakes: 50,
  warnings: 10,
  /** UTF-16 units in which the first word of a placeholder is looked for. */
  firstWord: 256,
  /** Bytes of a text after interpolation. An object of 1.5 MiB is the largest that etcd stores. */
  rendered: 1024 * 1024,
} as const;
