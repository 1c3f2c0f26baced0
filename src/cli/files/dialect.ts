import type { DocumentOptions, ParseOptions, ScalarTag, SchemaOptions, ToJSOptions } from 'yaml';

/** `y`, `no`, `On` …: the words that YAML 1.1 reads as truth values. */
const boolean: ScalarTag = {
  tag: 'tag:yaml.org,2002:bool',
  default: true,
  test: /^(?:[yYnN]|[yY]es|YES|[nN]o|NO|[oO]n|ON|[oO]ff|OFF|[tT]rue|TRUE|[fF]alse|FALSE)$/,
  resolve: (text) => /^(?:y|t|on)/i.test(text),
};

/** A leading zero means octal. Underscores can be anywhere after the first digit. */
const integer: ScalarTag = {
  tag: 'tag:yaml.org,2002:int',
  default: true,
  test: /^[-+]?(?:0[0-7_]*|0[oO][0-7_]+|0[bB][01_]+|0[xX][0-9a-fA-F_]+|[1-9][0-9_]*)$/,
  resolve: (text) => {
    const digits = text.replaceAll('_', '').replace(/^[-+]/, '');
    const size = Number(/^0\d/.test(digits) ? `0o${digits}` : digits);
    return text.startsWith('-') ? 0 - size : size;
  },
};

const float: ScalarTag = {
  tag: 'tag:yaml.org,2002:float',
  default: true,
  test: /^[-+]?(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?$/,
  resolve: (text) => Number(text.replaceAll('_', '')),
};

/**
 * YAML as kubectl, Helm and Argo CD read it (sigs.k8s.io/yaml). It is neither of the library's versions: it has the
 * truth values, octals and merge keys of YAML 1.1, but `12:30` and `2026-01-31` are text, which version 1.1 would make
 * a number and a date.
 */
export const dialect: ParseOptions & DocumentOptions & SchemaOptions = {
  schema: 'failsafe',
  customTags: [boolean, integer, float, 'null', 'merge'],
  merge: true,
  resolveKnownTags: false,
  logLevel: 'silent',
  prettyErrors: false,
  // The library compares each key with every other, which takes minutes for a large map. documents.ts looks for
  // duplicates itself.
  uniqueKeys: false,
};

/** Ten uses of an anchor for each of 1,000 steps. Uses that are nested multiply, so an alias bomb is rejected. */
export const conversion: ToJSOptions = { maxAliasCount: 10_000 };
