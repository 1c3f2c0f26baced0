import { quoteName } from '../../dag/display.ts';
import type { ValueKind } from '../flags.ts';

type Pair = readonly [key: string, value: string];

const pair: ValueKind<Pair> = {
  placeholder: 'KEY=VALUE',
  expected: 'KEY=VALUE',
  read: (text) => {
    const at = text.indexOf('=');
    return at <= 0 ? undefined : [text.slice(0, at), text.slice(at + 1)];
  },
};

/** `-p`: the parameters of a run. */
export function parameterFlag(help: string) {
  return { flag: 'parameter', letter: 'p', kind: pair, help, isList: true } as const;
}

/** The keys that are given more than once, one sentence each. */
export function findRepeatedKeys(pairs: readonly Pair[]): readonly string[] {
  const groups = [...Map.groupBy(pairs, ([key]) => key)].filter(([, { length }]) => length > 1);
  return groups.map(([key, all]) => {
    const values = all.map(([, value]) => quoteName(value)).join(' and as ');
    return `--parameter gives ${quoteName(key)} more than once, as ${values}`;
  });
}
