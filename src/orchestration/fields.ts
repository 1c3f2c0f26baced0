import { suggestName } from '../dag/suggest.ts';

/** A field that the gate, the reconciler or a controller reads. */
export interface Field {
  /** Other names for the field, from other engines and from users, separated by spaces. */
  readonly aliases?: string;
  /** What the field is for, as a sentence. A field that the schema of the CRD names is described there. */
  readonly means?: string;
  /** The effect if the field is absent. If a field of `policies` has inner fields, each of them has its own. */
  readonly without?: string;
  /** The inner fields that are read, if the field is not read as a whole. */
  readonly inside?: FieldTable;
  /** The field is a whole number of 0 or more. Any other value is ignored. */
  readonly isWhole?: true;
  /** The field holds a whole object, not the name of an object. */
  readonly isObject?: boolean;
  /** The field holds no placeholders, because it names objects or decides when the step ends. */
  readonly isStatic?: true;
}

/** Fields by name, and the words that mean each field. Words are folded, so that case and separators do not matter. */
export interface FieldTable {
  readonly fields: ReadonlyMap<string, Field>;
  /** The name of a field by folded word. */
  readonly meanings: ReadonlyMap<string, string>;
  /** The words that a misspelled name is compared with. */
  readonly near: readonly string[];
}

/** Two edits are allowed only in words of this length or longer. With two edits, a shorter word is probably another. */
const LONG_WORD = 8;

/** A field of a step that becomes part of its child. */
export const ofTheChild: Field = {
  means: 'Becomes the field of this name in the spec of the child.',
  without: 'the child of this step is created without it',
};

/** A field of a step that names objects for its child. */
export const namesOfTheChild: Field = { ...ofTheChild, isStatic: true };

/** A field that names an object. */
export const reference = (aliases: string): Field => ({ ...namesOfTheChild, aliases });

/**
 * The fields of a step that all kinds read. A field that resembles neither these nor the fields of the kinds is
 * foreign: another program can read it. The aliases come from Argo Workflows, Tekton, GitHub, GitLab and Jobs, and from
 * common guesses.
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
    without: 'an attempt has no time limit',
  },
  pendingTimeoutSeconds: {
    aliases: 'pendingTimeout pendingSeconds startTimeout startTimeoutSeconds queueTimeout',
    without: 'the child of an attempt can wait to start without a time limit',
  },
  with: {
    aliases: 'parameters params arguments inputs',
    without: 'the child gets the parameters of the run alone',
  },
  runIf: {
    aliases: 'runOn runPolicy onFailure always',
    without: 'the step runs only if its dependencies are satisfied',
  },
  when: { aliases: 'if condition conditions', without: 'no condition decides whether the step runs' },
  outputs: { aliases: 'output results', without: 'later steps can read no output that the step declares' },
};

/** Every field of `policies` that is read. */
export const policyFields = tableOf({
  retries: {
    aliases: 'retry retryPolicy retryLimit maxRetries backoffLimit',
    inside: tableOf({
      limit: {
        aliases: 'max count',
        means: 'The retries of every step that does not set retries.',
        isWhole: true,
        without: 'a step that does not set retries is not retried',
      },
    }),
  },
  timeouts: {
    aliases: 'timeout totalSeconds timeoutSeconds activeDeadlineSeconds deadlineSeconds',
    inside: tableOf({
      totalSeconds: {
        aliases: 'total seconds',
        means: 'Maximum duration of the run, in seconds. 0 means no limit.',
        isWhole: true,
        without: 'the run has no time limit',
      },
      cleanupSeconds: {
        aliases: 'cleanup',
        means: 'Maximum duration of the cleanup after a cancel or the deadline of the run, in seconds.',
        isWhole: true,
        without: 'the cleanup of a run has the default time',
      },
    }),
  },
  maxParallel: {
    aliases: 'parallel parallelism maxParallelism maxConcurrency maxConcurrent',
    means: 'Maximum number of children of a run that exist at the same time. 0 means no limit.',
    isWhole: true,
    without: 'any number of children of a run can exist at the same time',
  },
  parameters: {
    aliases: 'params inputs arguments',
    means: 'The parameters that a run can have, by name.',
    without: 'the parameters of a run are not checked',
  },
  concurrency: {
    aliases: 'mutex semaphore semaphores synchronization lock locks concurrencyPolicy concurrencyGroup singleton',
    means: 'How many runs of a group can work at the same time.',
    without: 'any number of runs can work at the same time',
  },
  ttlSecondsAfterFinished: {
    aliases: 'ttl ttlSeconds ttlStrategy',
    means: 'Seconds after which a finished run is deleted.',
    isWhole: true,
    without: 'finished runs are kept',
  },
  history: {
    aliases: 'historyLimit runHistoryLimit revisionHistoryLimit',
    inside: tableOf({
      limit: {
        aliases: 'max count',
        means: 'How many finished runs of the Orchestration are kept. The newest are kept.',
        isWhole: true,
        without: 'the Orchestration does not say how many finished runs are kept',
      },
    }),
  },
});

/** The fields of one declaration in `policies.parameters`. */
export const declarationFields = tableOf({
  required: {
    aliases: 'mandatory isRequired',
    means: 'If true, a run without the parameter fails, unless there is a default.',
    without: 'a run can leave the parameter out',
  },
  default: {
    aliases: 'defaultValue value',
    means: 'Value of the parameter in a run that leaves it out. It has to be valid itself.',
    without: 'the parameter has no default',
  },
  enum: {
    aliases: 'values options choices oneOf allowed',
    means: 'The valid values, at least one.',
    without: 'no list of values is checked',
  },
  pattern: {
    aliases: 'regex regexp match matches',
    means: 'Pattern in the syntax of RE2 that a part of the value has to match. Use ^ and $ for the whole value.',
    without: 'no pattern is checked',
  },
  description: {
    aliases: 'help doc',
    means: 'What the parameter is for, for people.',
    without: 'the parameter has no description',
  },
});

/** The fields of `policies.concurrency`. */
export const concurrencyFields = tableOf({
  max: {
    aliases: 'limit size count maxRuns permits',
    means: 'How many runs of the group can work at the same time.',
    without: 'one run of the group works at a time',
  },
  group: {
    aliases: 'key name lock mutex',
    means: 'CEL expression over parameters and run, whose result is the name of the group.',
    without: 'the group is the name of the Orchestration',
  },
  whenFull: {
    aliases: 'onFull strategy policy onConflict cancelInProgress concurrencyPolicy',
    means:
      'What a run does if no place is free: it waits (Queue), it fails (Fail), or it cancels older runs of the group ' +
      '(Replace).',
    without: 'a run waits for a free place',
  },
});

/** Returns the known field that an unknown one resembles. */
export type Guess = (field: string) => string | undefined;

/**
 * The maximum number of unknown names to compare. Any others count as foreign, so that no object makes a decision slow.
 */
export const MOST_GUESSED = 256;
/** The maximum length of a name to compare. It is longer than every known name. */
const LONGEST_GUESSED = 40;

/** Builds the table of these fields. */
export function tableOf(named: Readonly<Record<string, Field>>): FieldTable {
  const fields = new Map(Object.entries(named));
  const meant = [...fields].filter(([, field]) => Object.keys(field).length > 0);
  const words = meant.flatMap(([name, { aliases }]) =>
    [name, ...(aliases?.split(' ') ?? [])].map((word) => [fold(word), name] as const),
  );
  const isNear = ([word, name]: readonly [string, string]) => word.length >= LONG_WORD || word === fold(name);
  return { fields, meanings: new Map(words), near: words.filter(isNear).map(([word]) => word) };
}

/** Creates a guess that finds the intended field by case, separators, edits and aliases. It caches its results. */
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
