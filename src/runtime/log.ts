import { type DestinationStream, type LevelWithSilent, type Logger, pino, stdTimeFunctions } from 'pino';

export type { Logger };

export type LogLevel = LevelWithSilent;

/** The most characters kept of an error message. An API client puts whole response bodies into its messages. */
const ERROR_MESSAGE_LENGTH = 1_000;

/** Fields that come from a request, whose sender chooses their length. */
const NAMING_FIELDS = ['uid', 'namespace', 'name', 'kind', 'operation'] as const;
/** The longest name in Kubernetes. */
const NAME_LENGTH = 253;

/** The most stack frames kept. They are enough to reach our own code through a library. */
const STACK_FRAMES = 12;

/**
 * Writes one JSON object per line: `level` (a word), `time` (ISO 8601, UTC), the given fields, `msg`. For an error, the
 * field `error` has only name, message, code, frames and causes, because other properties can hold whole Kubernetes
 * objects. Writes to stdout unless there is a destination. Never waits for the reader: lines that the reader has not
 * taken yet are kept in memory, and are written at the latest when the process exits.
 */
export function createLogger(options: { level: LogLevel; destination?: DestinationStream }): Logger {
  const { level, destination = pino.destination(1) } = options;
  return pino(
    {
      level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      errorKey: 'error',
      serializers: { error: serializeError, ...Object.fromEntries(NAMING_FIELDS.map((field) => [field, cutName])) },
    },
    destination,
  );
}

interface SerializedError {
  readonly name: string;
  readonly message: string;
  readonly code?: string | number;
  readonly stack?: string;
  readonly cause?: SerializedError;
}

/** Causes beyond this depth are dropped. An error can even be its own cause. */
const CAUSE_DEPTH = 4;

function serializeError(error: unknown, depth = 0): SerializedError {
  if (!(error instanceof Error)) return { name: typeof error, message: cut(String(error)) };
  const code = 'code' in error ? error.code : undefined;
  // The stack starts with the message, which is already in the output.
  const frames = error.stack?.split('\n').filter((line) => /^\s+at /.test(line));
  return {
    name: error.name,
    message: cut(error.message),
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    ...(frames ? { stack: frames.slice(0, STACK_FRAMES).join('\n') } : {}),
    ...(error.cause !== undefined && depth < CAUSE_DEPTH ? { cause: serializeError(error.cause, depth + 1) } : {}),
  };
}

function cutName(value: unknown): unknown {
  return typeof value === 'string' ? cut(value, NAME_LENGTH) : value;
}

function cut(text: string, length = ERROR_MESSAGE_LENGTH): string {
  return text.length <= length ? text : `${text.slice(0, length)}…`;
}
