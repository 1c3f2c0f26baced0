import { quoteName } from '../dag/display.ts';
import type { Rewired } from '../orchestration/defaults.ts';
import type { Judgement, Problem } from '../orchestration/judge.ts';
import { shortenWarning } from '../orchestration/messages.ts';
import { GROUP } from '../orchestration/schema.ts';
import type { PatchOperation } from './patch.ts';
import type { AdmissionRequest, AdmissionResponse } from './review.ts';

/** Argo CD shows a message in one line of its page; more than this is not read there. */
const LONGEST_MESSAGE = 1000;
const MOST_WARNINGS = 10;

const REDERIVED = {
  field: 'spec.steps',
  message: 'the chain is derived again: only the default wrote dependsOn here. dependsOn: [] starts a step at once',
};

/** Lets the request pass, telling `warnings`. */
export function allow(warnings: readonly string[] = []): AdmissionResponse {
  return { allowed: true, ...(warnings.length > 0 && { warnings }) };
}

/** Allows the request, changed. If a written chain was derived again, it warns which step waits for another one now. */
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

/** Refuses a request that is not about an object's content: nothing to list, one sentence. */
export function refuse(code: number, reason: string, message: string): AdmissionResponse {
  return { allowed: false, status: { code, reason, message } };
}

/**
 * Refuses an object for what is wrong with it. kubectl prints the causes of an `Invalid` as its native list and drops the
 * message; Argo CD shows only the message: both say the same, but for the quotes.
 */
export function deny(
  request: AdmissionRequest,
  { denials, deniedCount, warnings, warnedCount }: Judgement,
): AdmissionResponse {
  const told = denials.map(({ code, field, message }) => ({ reason: code, field, message }));
  const left = deniedCount - told.length;
  const causes =
    left > 0 ? [...told, { reason: 'TooManyProblems', field: 'spec', message: `… and ${left} more problems` }] : told;
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

/** Lets an object pass although it has problems that would be refused: each of them becomes a warning, before the others. */
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
  return [...shown.map(writeWarning), `… and ${count - shown.length} more warnings`];
}

function writeWarning({ field, message }: Warning): string {
  return shortenWarning(`${field}: ${message}`);
}

/** The agents chart's API hands a message on as text in JSON in text: nothing in it is to need an escape there. */
function withoutEscapes(message: string): string {
  return message.replaceAll('\\', '').replaceAll('"', "'");
}

/** `2 problems: field: message; field: message`, cut between problems where that can be. */
function joinProblems(problems: readonly Problem[], count: number): string {
  let message = `${count} problem${count === 1 ? '' : 's'}: `;
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
