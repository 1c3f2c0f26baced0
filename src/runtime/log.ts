import { type DestinationStream, type LevelWithSilent, type Logger, pino, stdTimeFunctions } from 'pino';

export type { Logger };

export type LogLevel = LevelWithSilent;

/** Longest message kept of an error: an API client puts whole response bodies into its messages. */
const ERROR_MESSAGE_LENGTH = 1_000;

/** What a request says of itself: whoever sends it chooses the length. */
const NAMING_FIELDS = ['uid', 'namespace', 'name', 'kind', 'operation'] as const;
/** The longest name that Kubernetes knows. */
const NAME_LENGTH = 253;

/** Frames kept of a stack: enough to reach our own code through a library. */
const STACK_FRAMES = 12;

/**
 * One JSON object a line: `level` (a word), `time` (ISO 8601, UTC), the fields given, `msg`. Errors go under `error`, as
 * name, message, code, frames and causes only: their other properties may hold whole Kubernetes objects.
 * Writes to stdout, synchronously, unless a destination is given.
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

/** Causes deeper than this are dropped; an error may even be its own cause. */
const CAUSE_DEPTH = 4;

function serializeError(error: unknown, depth = 0): SerializedError {
  if (!(error instanceof Error)) return { name: typeof error, message: cut(String(error)) };
  const code = 'code' in error ? error.code : undefined;
  // The stack begins with the message, which is already told.
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
