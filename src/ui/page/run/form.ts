import type { ParameterView } from '../protocol.ts';

/** What the form of a new run gives. */
export interface FilledForm {
  readonly parameters: Readonly<Record<string, string>>;
  /** What is wrong, by the name of the parameter. '' is the field of the other parameters. */
  readonly mistakes: ReadonlyMap<string, string>;
}

/** Returns the values with which the form begins. */
export function startForm(parameters: readonly ParameterView[]): Record<string, string> {
  return Object.fromEntries(parameters.map(({ name, default: value = '' }) => [name, value]));
}

/**
 * Reads the form, with all mistakes at once. A field with the value of its default is left out, and so is an empty
 * field without a default. An empty field with a default is given, because the default would apply otherwise. `others`
 * has the parameters that are not declared, one `NAME=VALUE` a line.
 */
export function readForm(
  declared: readonly ParameterView[],
  values: Readonly<Record<string, string>>,
  others: string,
): FilledForm {
  const parameters: Record<string, string> = {};
  const mistakes = new Map<string, string>();
  for (const parameter of declared) {
    const { name, default: standard } = parameter;
    const value = values[name] ?? '';
    const mistake = findMistake(parameter, value);
    if (mistake !== undefined) mistakes.set(name, mistake);
    else if (value !== (standard ?? '')) parameters[name] = value;
  }
  for (const line of others.split('\n').filter((text) => text.trim() !== '')) {
    const [, name = '', value = ''] = /^\s*([^=\s]+)=(.*)$/.exec(line) ?? [];
    if (name === '') mistakes.set('', `Write NAME=VALUE in place of “${line.trim()}”.`);
    else if (declared.some((parameter) => parameter.name === name)) mistakes.set('', `Enter ${name} in its own field.`);
    else parameters[name] = value;
  }
  return { parameters, mistakes };
}

function findMistake(
  { isRequired, default: standard, enum: choices }: ParameterView,
  value: string,
): string | undefined {
  if (value === '' && standard === undefined) return isRequired ? 'A value is required.' : undefined;
  return choices === undefined || choices.includes(value) ? undefined : `Choose one of ${choices.join(', ')}.`;
}
