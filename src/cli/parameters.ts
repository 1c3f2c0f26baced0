import { quoteName } from '../dag/display.ts';

/** The parameters of a run, and what is wrong with how they were given, a sentence each. */
export interface Parameters {
  readonly parameters: Readonly<Record<string, string>>;
  readonly mistakes: readonly string[];
}

/** Reads the values of `--parameter`: KEY=VALUE, each key once. */
export function readParameters(given: readonly string[] = []): Parameters {
  const parameters = new Map<string, string>();
  const mistakes: string[] = [];
  for (const text of given) {
    const at = text.indexOf('=');
    const [key, value] = [text.slice(0, at), text.slice(at + 1)];
    const before = parameters.get(key);
    if (at <= 0) mistakes.push(`--parameter is ${quoteName(text)}; write KEY=VALUE`);
    else if (before === undefined) parameters.set(key, value);
    else mistakes.push(`--parameter gives ${quoteName(key)} twice, as ${quoteName(before)} and as ${quoteName(value)}`);
  }
  return { parameters: Object.fromEntries(parameters), mistakes };
}
