/** Functions that stand alone, as in `size(list)`. */
export const functions = ['has', 'size', 'string', 'int', 'double', 'bool'] as const;
/** Functions behind a value, as in `name.contains("x")`. */
export const methods = [
  'size',
  'contains',
  'startsWith',
  'endsWith',
  'matches',
  'lowerAscii',
  'upperAscii',
  'trim',
] as const;
/** Functions behind a list that name its entries, as in `list.all(entry, entry != "")`. */
export const macros = ['filter', 'exists', 'exists_one', 'all'] as const;
