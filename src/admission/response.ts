import { displayCount, quoteName } from '../dag/display.ts';
import type { Rewired } from '../orchestration/defaults.ts';
import type { Judgement, Problem } from '../orchestration/judge.ts';
import { shortenWarning } from '../orchestration/messages.ts';
import { GROUP } from '../orchestration/schema.ts';
import type { PatchOperation } from './patch.ts';
import type { AdmissionRequest, AdmissionResponse } from './review.ts';

/** Argo CD shows a message in one line, where people do not read more than this. */
const LONGEST_MESSAGE = 1000;
const MOST_WARNINGS = 10;

const REDERIVED = {
  field: 'spec.steps',
  message:
    'no step declares its own dependsOn, so the gate writes the sequential default again: to start a step at once, set dependsOn: []',
};

/** Allows the request with these warnings. */
export function allow(warnings: readonly string[] = []): AdmissionResponse {
  return { allowed: true, ...(warnings.length > 0 && { warnings }) };
}

/**
 * Allows the request with a patch. If a written chain was derived again, warns which steps now wait for another step.
 */
export function patch(operations: readonly PatchOperation[], rewired: readonly Rewired[] = []): AdmissionResponse {
  return { ...allow(warnOfRewiring(rewired)), ...(operations.length > 0 && { patch: operations }) };
}

function warnOfRewiring(rewired: readonly Rewired[]): readonly string[] {
  if (rewired.length === 0) return [];
  const changes = rewired.map(({ index, name, predecessor }) => ({
    field: `spec.steps[${index}]`,
    message: `${quoteName(name)} now waits for ${predecessor === undefined ? 'nothing' : quoteName(predecessor)}`,
  }));
  return writeWarnings([REDERIVED, ...changes], changes.length + 1);
}

/** Denies a request with one sentence, for reasons other than an object's content. */
export function denyWith(code: number, reason: string, message: string): AdmissionResponse {
  return { allowed: false, status: { code, reason, message } };
}

/**
 * Denies an object because of its problems. kubectl prints the causes of an `Invalid` status as its usual list and
 * drops the message. Argo CD shows only the message. So both have the same text, except for the quotes.
 */
export function deny(
  request: AdmissionRequest,
  { denials, deniedCount, warnings, warnedCount }: Judgement,
): AdmissionResponse {
  const listed = denials.map(({ code, field, message }) => ({ reason: code, field, message }));
  const left = deniedCount - listed.length;
  const causes =
    left > 0
      ? [
          ...listed,
          { reason: 'TooManyProblems', field: 'spec', message: `… and ${displayCount(left, 'more problem')}` },
        ]
      : listed;
  const { kind } = request.kind;
  return {
    allowed: false,
    status: {
      code: 422,
      reason: 'Invalid',
      message: withoutEscapes(joinProblems(denials, deniedCount)),
      details: { group: GROUP, kind, name: request.name, causes },
    },
    ...allowWarnings(warnings, warnedCount),
  };
}

/** Allows an object in spite of problems that would deny it. They become warnings, before the others. */
export function tolerate({ denials, deniedCount, warnings, warnedCount }: Judgement): AdmissionResponse {
  return { allowed: true, ...allowWarnings([...denials, ...warnings], deniedCount + warnedCount) };
}

function allowWarnings(problems: readonly Problem[], count: number): Pick<AdmissionResponse, 'warnings'> {
  return problems.length === 0 ? {} : { warnings: writeWarnings(problems, count) };
}

type Warning = Pick<Problem, 'field' | 'message'>;

function writeWarnings(warnings: readonly Warning[], count: number): readonly string[] {
  if (count <= MOST_WARNINGS) return warnings.map(writeWarning);
  const shown = warnings.slice(0, MOST_WARNINGS - 1);
  return [...shown.map(writeWarning), `… and ${displayCount(count - shown.length, 'more warning')}`];
}

function writeWarning({ field, message }: Warning): string {
  return shortenWarning(`${field}: ${message}`);
}

/**
 * The agents chart's API passes a message on as a JSON string inside another one, so the message must not need escapes.
 */
function withoutEscapes(message: string): string {
  return message.replaceAll('\\', '').replaceAll('"', "'");
}

/** Writes `2 problems: field: message; field: message`, shortened between two problems if possible. */
function joinProblems(problems: readonly Problem[], count: number): string {
  let message = `${displayCount(count, 'problem')}: `;
  for (const [index, problem] of problems.entries()) {
    const next = `${index === 0 ? '' : '; '}${problem.field}: ${problem.message}`;
    const more = `; … and ${count - index} more`;
    const isLast = index === count - 1;
    if (message.length + next.length + (isLast ? 0 : more.length) <= LONGEST_MESSAGE) message += next;
    else return index === 0 ? cut(message + next, LONGEST_MESSAGE) : message + more;
  }
  return problems.length < count ? `${message}; … and ${count - problems.length} more` : message;
}

function cut(text: string, mostCharacters: number): string {
  if (text.length <= mostCharacters) return text;
  const halfCharacter = /\p{Cs}$/u;
  return `${text.slice(0, mostCharacters - 1).replace(halfCharacter, '')}…`;
}
