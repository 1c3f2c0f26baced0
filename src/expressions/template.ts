import { bounds } from './bounds.ts';
import {
  compileExpression,
  type Evaluated,
  type Expression,
  evaluate,
  type Reading,
  type Scope,
} from './expression.ts';
import { findJsonStrings, isJsonContainer, isJsonLike, toRawOffset } from './json-strings.ts';
import { type Mistake, mistakeAt, type Span, shiftSpan } from './mistake.ts';
import { splitText } from './placeholders.ts';
import { countBytes, renderValue } from './render.ts';
import type { Values } from './values.ts';

/** A text with placeholders, compiled. */
export interface Template {
  /** Whether the text is a JSON object or list. If so, its string values are interpolated, and stay strings. */
  readonly isJson: boolean;
  /** In the order of the text. Their spans are places in the text. */
  readonly readings: readonly Reading[];
  readonly parts: readonly Part[];
}

type Part =
  | { readonly type: 'Text'; readonly text: string }
  | { readonly type: 'Expression'; readonly expression: Expression }
  | { readonly type: 'JsonString'; readonly parts: readonly Part[] };

export interface CompiledTemplate {
  /** Undefined if the text has no placeholder, so that it stays byte for byte as it is, or if there are mistakes. */
  readonly template?: Template;
  readonly mistakes: readonly Mistake[];
  /** Placeholders that stay text. */
  readonly warnings: readonly Mistake[];
}

/** Compiles a text in which `${{ expression }}` stands for a value. Spans are places in the text, even in JSON. */
export function compileTemplate(text: string, scope: Scope): CompiledTemplate {
  if (!mayHavePlaceholders(text)) return { mistakes: [], warnings: [] };
  if (text.length > bounds.json && isJsonLike(text)) {
    const message = `JSON with placeholders has at most ${bounds.json / 1024} KiB: split it`;
    return { mistakes: [mistakeAt(0, text.length, message)], warnings: [] };
  }
  const isJson = isJsonContainer(text);
  const { parts, readings, mistakes, warnings } = isJson ? compileJson(text, scope) : compileText(text, scope);
  const isPlain = parts.every(({ type }) => type === 'Text') && parts.length <= 1;
  if (isPlain || mistakes.length > 0) return { mistakes: mistakes.slice(0, bounds.mistakes), warnings };
  return { template: { isJson, readings, parts }, mistakes, warnings };
}

/**
 * Whether a text may have placeholders. Fast. It is also true for some texts that have none, because JSON can spell
 * `${{` with escapes.
 */
export function mayHavePlaceholders(text: string): boolean {
  return text.includes('${{') || (isJsonLike(text) && SPELT.test(text));
}

/** A JSON escape of `$` or `{`. */
const SPELT = /\\u00(?:24|7b)/i;

interface Compiled {
  /** At most one text, if there is nothing to replace. */
  readonly parts: readonly Part[];
  readonly readings: readonly Reading[];
  readonly mistakes: readonly Mistake[];
  readonly warnings: readonly Mistake[];
}

function compileText(text: string, scope: Scope): Compiled {
  const { pieces, mistakes, warnings } = splitText(text, scope.spend);
  const all = [...mistakes];
  const parts: Part[] = [];
  const readings: Reading[] = [];
  for (const piece of pieces) {
    if (piece.type === 'Text') {
      parts.push(piece);
      continue;
    }
    const compiled = compileExpression(piece.text, scope, 'String');
    if ('mistakes' in compiled) all.push(...compiled.mistakes.map((mistake) => moveTo(mistake, piece.offset)));
    else {
      parts.push({ type: 'Expression', expression: compiled.expression });
      readings.push(...compiled.expression.readings.map((reading) => moveTo(reading, piece.offset)));
    }
  }
  return { parts, readings, mistakes: all, warnings };
}

function moveTo<Placed extends { readonly span: Span }>(placed: Placed, offset: number): Placed {
  return { ...placed, span: shiftSpan(placed.span, offset) };
}

/** Everything except the strings with placeholders stays as it is written: spaces, the digits of numbers, keys. */
function compileJson(text: string, scope: Scope): Compiled {
  const parts: Part[] = [];
  const found = { readings: [] as Reading[], mistakes: [] as Mistake[], warnings: [] as Mistake[] };
  let done = 0;
  for (const { raw, offset, isKey } of findJsonStrings(text)) {
    if (found.mistakes.length >= bounds.mistakes) break;
    if (!raw.includes('${{') && !SPELT.test(raw)) continue;
    const decoded: string = JSON.parse(raw);
    if (isKey) {
      if (decoded.includes('${{')) {
        const message = 'a key stays text: placeholders are for values';
        found.warnings.push(mistakeAt(offset, offset + raw.length, message));
      }
      continue;
    }
    const leaf = compileText(decoded, scope);
    const place = <Placed extends { readonly span: Span }>(placed: Placed): Placed => {
      const start = toRawOffset(raw, placed.span.offset);
      const end = toRawOffset(raw, placed.span.offset + placed.span.length);
      return { ...placed, span: { offset: offset + start, length: end - start } };
    };
    found.readings.push(...leaf.readings.map(place));
    found.mistakes.push(...leaf.mistakes.map(place));
    found.warnings.push(...leaf.warnings.map(place));
    if (leaf.parts.length <= 1) continue;
    parts.push({ type: 'Text', text: text.slice(done, offset) }, { type: 'JsonString', parts: leaf.parts });
    done = offset + raw.length;
  }
  parts.push({ type: 'Text', text: text.slice(done) });
  return { parts, ...found, warnings: found.warnings.slice(0, bounds.warnings) };
}

export type Rendered = { readonly type: 'Text'; readonly text: string } | Exclude<Evaluated, { type: 'Value' }>;

/** Renders a template. A value is never interpolated again, whatever it looks like. Never throws. */
export function renderTemplate({ parts }: Template, values: Values): Rendered {
  return renderParts(parts, values);
}

function renderParts(parts: readonly Part[], values: Values): Rendered {
  let text = '';
  for (const part of parts) {
    const rendered = renderPart(part, values);
    if (rendered.type !== 'Text') return rendered;
    text += rendered.text;
    if (text.length > bounds.rendered || countBytes(text) > bounds.rendered) {
      return { type: 'Error', message: `the text with its values is larger than ${bounds.rendered / 1024} KiB` };
    }
  }
  return { type: 'Text', text };
}

function renderPart(part: Part, values: Values): Rendered {
  if (part.type === 'Text') return part;
  if (part.type === 'JsonString') {
    const rendered = renderParts(part.parts, values);
    return rendered.type === 'Text' ? { type: 'Text', text: JSON.stringify(rendered.text) } : rendered;
  }
  const evaluated = evaluate(part.expression, values);
  return evaluated.type === 'Value' ? { type: 'Text', text: renderValue(evaluated.value) } : evaluated;
}

/**
 * Fills in the values of the expressions that read only what is known. The other placeholders stay as they are, and so
 * do those that cannot be evaluated. Never throws.
 */
export function fillTemplate(
  template: Pick<Template, 'parts'>,
  values: Values,
  isKnown: (reading: Reading) => boolean,
): string {
  const fill = (part: Part): string => {
    if (part.type === 'Text') return part.text;
    if (part.type === 'JsonString') return JSON.stringify(fillTemplate(part, values, isKnown));
    const { expression } = part;
    const evaluated = expression.readings.every(isKnown) ? evaluate(expression, values) : undefined;
    return evaluated?.type === 'Value' ? renderValue(evaluated.value) : `\${{${expression.text}}}`;
  };
  return template.parts.map(fill).join('');
}
