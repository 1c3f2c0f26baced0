import { quoteName } from '../dag/display.ts';
import { type Environment, type Operands, readArguments, readText } from './arguments.ts';
import { CommandError, describeFailure } from './cluster/failure.ts';
import { type Clock, type Cluster, type ClusterChoice, isApiFailure, type Screen } from './cluster/port.ts';
import type { Sources } from './files/sources.ts';
import type { Completion, Flags, ValueKind, Values } from './flags.ts';

/** What commands need from their environment. */
export interface Ports {
  readonly environment: Environment;
  /** Reads files, folders and `-`: see `readSources`. */
  readonly readSources: (paths: readonly string[]) => Promise<Sources>;
  /**
   * Calls `use` with the chosen cluster, and closes the connection afterwards. Throws CommandError if there is none.
   */
  readonly withCluster: <T>(choice: ClusterChoice, use: (cluster: Cluster) => Promise<T>) => Promise<T>;
  readonly screen: Screen;
  readonly clock: Clock;
  readonly newUuid: () => string;
}

/** What a command writes, and its exit code, which is 2 if the command could not run. */
export interface Outcome {
  readonly exitCode: 0 | 1 | 2;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a command takes in addition to its flags. */
export interface OperandKind<T> {
  /** As the usage shows it: `RUN`, `FILE|DIR|-...`. Empty if the command takes nothing. */
  readonly placeholder: string;
  readonly completion?: Completion;
  /** Reads what the command needs, or adds to the mistakes. `values` are those of the flags. */
  readonly read: (
    operands: Operands,
    ports: Ports,
    mistakes: string[],
    values: Readonly<Record<string, unknown>>,
  ) => Promise<T | undefined> | T | undefined;
}

/** Everything about a command that is known without running it. */
export interface CommandInfo {
  readonly verb: string;
  /** Sentences that follow the summary of the verb in its help. */
  readonly details?: string;
  readonly operands: Omit<OperandKind<unknown>, 'read'>;
  readonly flags: Flags;
  /** What each exit code means, a clause. */
  readonly exitCodes: Readonly<Partial<Record<Outcome['exitCode'], string>>>;
  /** What follows the name of the program. */
  readonly examples: readonly string[];
}

/** A command as its author defines it: see `defineCommand`. */
export interface Definition<F extends Flags, T> extends CommandInfo {
  readonly operands: OperandKind<T>;
  readonly flags: F;
  /** Finds mistakes in the combination of values that are valid by themselves, one sentence each. */
  readonly check?: (values: Values<F>) => readonly string[];
  readonly run: (values: Values<F>, operand: T, ports: Ports) => Promise<Outcome>;
}

/** A command that runs with the words after its verb. It throws only for bugs. */
export interface Command extends CommandInfo {
  readonly execute: (words: readonly string[], ports: Ports) => Promise<Outcome>;
}

/** Creates a command from its definition. All mistakes in its arguments are reported at once, with exit code 2. */
export function defineCommand<const F extends Flags, T>(definition: Definition<F, T>): Command {
  const { verb, flags, operands, check, run } = definition;
  return {
    ...definition,
    execute: async (words, ports) => {
      const { values, mistakes: found, ...rest } = readArguments(flags, words, ports.environment);
      const mistakes = [...found];
      const operand = await operands.read(rest, ports, mistakes, values);
      if (found.length === 0) mistakes.push(...(check?.(values) ?? []));
      if (mistakes.length > 0) return fail(verb, mistakes, `See orchestration-gate ${verb} --help.\n`);
      try {
        return await run(values, operand as T, ports);
      } catch (error) {
        return failWith(verb, error);
      }
    },
  };
}

/** Returns the outcome of a command that could not run because of its user or the cluster. Rethrows bugs. */
export function failWith(verb: string, error: unknown): Outcome {
  if (error instanceof CommandError) return fail(verb, error.mistakes);
  if (isApiFailure(error)) return fail(verb, describeFailure(error));
  throw error;
}

function fail(verb: string, mistakes: readonly string[], hint = ''): Outcome {
  return { exitCode: 2, stdout: '', stderr: `${mistakes.map((mistake) => `${verb}: ${mistake}\n`).join('')}${hint}` };
}

/** The command takes only flags. */
export const noOperand: OperandKind<undefined> = {
  placeholder: '',
  read: ({ words }, _, mistakes) => {
    mistakes.push(...words.map(describeUnexpected));
    return undefined;
  },
};

/** Exactly one word. `what` names it in the message to a user who leaves it out: `an OrchestrationRun`. */
export function oneOperand<T>(placeholder: string, kind: ValueKind<T>, what: string): OperandKind<T> {
  return {
    placeholder,
    ...(kind.completion && { completion: kind.completion }),
    read: ({ words: [word, ...others], unsure }, _, mistakes) => {
      mistakes.push(...others.map(describeUnexpected));
      if (word) return readText(kind, placeholder, word, mistakes);
      if (word === '') mistakes.push(`${placeholder} is empty: name ${what}`);
      else if (unsure.length === 0) mistakes.push(`${placeholder} is missing: name ${what}`);
      return undefined;
    },
  };
}

/** One word or more, each once. `what` names one in the message to a user who leaves them out. */
export function severalOperands<T>(placeholder: string, kind: ValueKind<T>, what: string): OperandKind<readonly T[]> {
  const one = oneOperand(placeholder, kind, what);
  return {
    ...one,
    placeholder: `${placeholder}...`,
    read: async ({ words: [first, ...others], unsure }, ports, mistakes, values) => {
      const found: (T | undefined)[] = [
        await one.read({ words: first === undefined ? [] : [first], unsure }, ports, mistakes, values),
      ];
      for (const word of others) found.push(await one.read({ words: [word], unsure }, ports, mistakes, values));
      return [...new Set(found.filter((value) => value !== undefined))];
    },
  };
}

export function describeUnexpected(word: string): string {
  return `the argument ${quoteName(word)} is unexpected`;
}
