import { suggestName } from '../dag/suggest.ts';

/** A field that something reads. */
export interface Field {
  /** What other engines, and people, call it, with spaces between. */
  readonly aliases?: string;
  /** What holds without the field; of one that holds others, they say it. */
  readonly without?: string;
  /** What is read of the field, where that is not all of it. */
  readonly inside?: FieldTable;
  /** It holds an object, and not the name of one. */
  readonly isObject?: boolean;
}

/** Fields by name, and what each may be called: folded, so that case and separators do not count. */
export interface FieldTable {
  readonly fields: ReadonlyMap<string, Field>;
  /** From a word to a field. */
  readonly meanings: ReadonlyMap<string, string>;
  /** The words that a few edits may lead to. */
  readonly near: readonly string[];
}

/** A shorter word that differs in two letters is more likely another word. */
const LONG_WORD = 8;

/** A field of a step that its child, or its wait, is made from. */
export const ofTheChild: Field = { without: 'the child of this step is created without it' };

/** A field that names an object. */
export const reference = (aliases: string): Field => ({ ...ofTheChild, aliases });

/**
 * The fields of a step that all kinds read. What resembles neither these nor those of the kinds is foreign, and others may read
 * it. The aliases are of Argo Workflows, Tekton, GitHub, GitLab and Jobs, and what people write first.
 */
export const stepFields: Readonly<Record<string, Field>> = {
  name: {},
  kind: {},
  dependsOn: {
    aliases: 'needs after runAfter depends dependencies requires waitFor upstream predecessors',
  },
  continueOnFailure: {
    aliases: 'continueOnError continueOn continueOnFail allowFailure ignoreFailure ignoreErrors onError',
    without: 'a failure of this step fails the run',
  },
  retries: {
    aliases: 'retry retryStrategy retryLimit retryCount maxRetries attempts maxAttempts backoffLimit',
    without: 'the step is retried only as often as spec.policies.retries.limit says',
  },
  retryBackoffSeconds: {
    aliases: 'backoff backoffSeconds retryBackoff retryDelay retryDelaySeconds retryInterval',
    without: 'the next attempt starts at once',
  },
  timeoutSeconds: {
    aliases: 'timeout timeoutMinutes timeoutSecs timeoutSec timeoutMs activeDeadlineSeconds deadlineSeconds',
    without: 'nothing bounds an attempt',
  },
  pendingTimeoutSeconds: {
    aliases: 'pendingTimeout pendingSeconds startTimeout startTimeoutSeconds queueTimeout',
    without: 'nothing bounds how long the child of an attempt waits to start',
  },
  with: {
    aliases: 'parameters params arguments inputs',
    without: 'the child gets the parameters of the run alone',
  },
};

/** Every field of `policies` that anything reads. */
export const policyFields = tableOf({
  retries: {
    aliases: 'retry retryPolicy retryLimit maxRetries backoffLimit',
    inside: tableOf({ limit: { aliases: 'max count', without: 'steps that do not say are not retried' } }),
  },
  timeouts: {
    aliases: 'timeout totalSeconds timeoutSeconds activeDeadlineSeconds deadlineSeconds',
    inside: tableOf({ totalSeconds: { aliases: 'total seconds', without: 'nothing bounds the run' } }),
  },
  maxParallel: {
    aliases: 'parallel parallelism maxParallelism maxConcurrency maxConcurrent',
    without: 'nothing bounds how many children of a run are there at once',
  },
  ttlSecondsAfterFinished: { aliases: 'ttl ttlSeconds ttlStrategy', without: 'finished runs are kept' },
  history: {
    aliases: 'historyLimit runHistoryLimit revisionHistoryLimit',
    inside: tableOf({
      limit: { aliases: 'max count', without: 'it does not say how many finished runs are kept' },
    }),
  },
});

/** Gives the known field that an unknown one resembles. */
export type Guess = (field: string) => string | undefined;

/** An object has few names that nothing reads; more are taken for foreign unseen, so that no object makes a decision slow. */
export const MOST_GUESSED = 256;
/** Longer than anything that is read, whatever is left out of it. */
const LONGEST_GUESSED = 40;

/** A table of these fields. */
export function tableOf(named: Readonly<Record<string, Field>>): FieldTable {
  const fields = new Map(Object.entries(named));
  const meant = [...fields].filter(([, field]) => Object.keys(field).length > 0);
  const words = meant.flatMap(([name, { aliases }]) =>
    [name, ...(aliases?.split(' ') ?? [])].map((word) => [fold(word), name] as const),
  );
  const isNear = ([word, name]: readonly [string, string]) => word.length >= LONG_WORD || word === fold(name);
  return { fields, meanings: new Map(words), near: words.filter(isNear).map(([word]) => word) };
}

/** Guesses which field is meant, by case, separators, edits and aliases; what it has guessed it remembers. */
export function createGuess({ meanings, near }: FieldTable): Guess {
  const guessed = new Map<string, string | undefined>();
  return (field) => {
    if (field.length > LONGEST_GUESSED || guessed.has(field) || guessed.size >= MOST_GUESSED) return guessed.get(field);
    const word = fold(field);
    const meant = meanings.get(word) ?? meanings.get(suggestName(word, near, word.length < LONG_WORD ? 1 : 2) ?? '');
    guessed.set(field, meant);
    return meant;
  };
}

function fold(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '');
}
