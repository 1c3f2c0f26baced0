import { TypeError as CheckError, EvaluationError, ParseError } from '@marcbachmann/cel-js';
import { displayName, quoteName } from '../dag/display.ts';
import { bounds } from './bounds.ts';
import { Failure } from './failure.ts';
import type { Mistake, Span } from './mistake.ts';
import type { Slot } from './slots.ts';

/** The text of the author, and the parts of it that the library sees under another name. */
interface Origin {
  readonly text: string;
  readonly slots: readonly Slot[];
}

type Fault = ParseError | CheckError | EvaluationError;

/** Describes an error that the library found while it parsed or checked an expression. */
export function toMistake(error: unknown, origin: Origin): Mistake {
  const { text } = origin;
  if (!isFault(error)) return { span: { offset: 0, length: text.length }, message: 'the expression cannot be read' };
  const span = toSpan(error, origin);
  return { span, message: describeFault(error, text.slice(span.offset, span.offset + span.length), origin) };
}

/** Describes why an evaluation ended without a value. */
export function toSentence(error: unknown, origin: Origin): string {
  if (!isFault(error)) return error instanceof Failure ? error.message : 'the expression cannot be evaluated';
  const { offset, length } = toSpan(error, origin);
  const source = origin.text.slice(offset, offset + length);
  const message = describeFault(error, source, origin);
  return source === '' || message.includes(quoteName(source)) ? message : `${quoteName(source)}: ${message}`;
}

function isFault(error: unknown): error is Fault {
  return error instanceof ParseError || error instanceof CheckError || error instanceof EvaluationError;
}

/** A place in the rewritten text is the same in the author's text, but an alias is shorter than what it replaces. */
function toSpan({ range, node }: Fault, { text, slots }: Origin): Span {
  const { start, end } = range ?? node ?? { start: 0, end: text.length };
  const last = slots.find(({ alias, span: { offset } }) => offset < end && end <= offset + alias.length);
  const until = last === undefined ? Math.min(end, text.length) : last.span.offset + last.span.length;
  return { offset: start, length: Math.max(until - start, 0) };
}

const PUNCTUATION: Readonly<Record<string, string>> = {
  RPAREN: ')',
  RBRACKET: ']',
  RBRACE: '}',
  COLON: ':',
  IDENTIFIER: 'a name',
};

function describeFault(error: Fault, source: string, origin: Origin): string {
  const summary = withoutAliases(error.summary, origin);
  const quoted = quoteName(source.trim());
  switch (error.code) {
    case 'expected_token':
    case 'unexpected_token':
    case 'unexpected_character': {
      const wanted = PUNCTUATION[/^Expected (\w+)/.exec(summary)?.[1] ?? ''];
      const found = source.trim() === '' ? 'the expression ends too early' : `${quoted} has no meaning here`;
      return wanted === undefined ? found : `${found}: ${wanted} is missing`;
    }
    case 'limit_exceeded':
      return `the expression has more than ${bounds.nodes} parts: move some of them into the outputs of a step`;
    case 'no_such_overload': {
      const [, types] = /^no such overload: (.*)$/.exec(summary) ?? [];
      return `there is no ${displayTypes(types ?? '')}: use values of matching types, or convert one with string(), int() or double()`;
    }
    case 'no_matching_overload': {
      const [, call] = /'(.*)'$/.exec(summary) ?? [];
      return `there is no function ${displayTypes(call ?? '')}: check what it is called on, and with`;
    }
    case 'invalid_logical_operand':
      return `&&, || and ! take true or false${foundType(summary)}`;
    case 'invalid_condition_type':
      return `a condition is true or false${foundType(summary)}`;
    case 'incompatible_ternary_branches':
      return `both results of ? : must have the same type: ${displayTypes(/got (.*)$/.exec(summary)?.[1] ?? '')}`;
    case 'unknown_variable':
      return `${quoted} is known only in the condition that names it`;
    case 'reserved_identifier':
      return `${quoted} is reserved`;
    case 'cannot_index_type':
      return `there is no field to read${foundType(summary)}`;
    case 'invalid_macro_argument':
      return 'has() takes one field, as in has(entry.name)';
    case 'invalid_comprehension_range':
      return 'filter, exists, exists_one and all take a list or a map';
    case 'division_by_zero':
    case 'modulo_by_zero':
      return `${quoted} divides by zero`;
    case 'numeric_overflow':
      return `${quoted} does not fit into an integer of 64 bits`;
    case 'no_such_key':
      return `there is no ${quoteName(summary.replace(/^No such key: /, ''))}`;
    case 'int_conversion_error':
    case 'double_conversion_error':
    case 'bool_conversion_error':
      return `the value cannot be converted to ${/^[a-z]+/.exec(error.code)?.[0]}`;
    case 'bytes_unicode_escape':
    case 'invalid_unicode_escape':
    case 'invalid_unicode_surrogate':
    case 'invalid_hex_escape':
    case 'invalid_octal_escape':
    case 'octal_escape_out_of_range':
    case 'invalid_escape_sequence':
      return `${quoted} is not a valid escape in a string: write \\\\ for a backslash`;
    case 'index_out_of_bounds':
      return 'the list has no entry at this index';
    default:
      return displayName(summary);
  }
}

/** `, and this is a string`. */
function foundType(summary: string): string {
  const [, type] = /'([^']*)'$/.exec(summary) ?? [];
  return type === undefined ? '' : `, and this is ${displayTypes(type)}`;
}

function displayTypes(types: string): string {
  return types
    .replaceAll(/dyn<([^<>]*)>/g, '$1')
    .replaceAll(/\bdyn\b/g, 'any')
    .replaceAll('_in(', 'int(')
    .slice(0, 200);
}

function withoutAliases(summary: string, { text, slots }: Origin): string {
  return summary.replaceAll(/\b_[sidbp][0-9a-z]\b|\b_[sidb]1[0-9a-z]\b/g, (alias) => {
    const span = slots.find((slot) => slot.alias === alias)?.span;
    return span === undefined ? alias : text.slice(span.offset, span.offset + span.length);
  });
}
