// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders look like this
import { isDeepStrictEqual } from 'node:util';
import { compileExpression, evaluate, type Wanted } from '../../src/expressions/expression.ts';
import type { Mistake } from '../../src/expressions/mistake.ts';
import { renderValue } from '../../src/expressions/render.ts';
import { compileTemplate, renderTemplate } from '../../src/expressions/template.ts';
import type { Values } from '../../src/expressions/values.ts';
import { createTestScope, values as ordinary } from '../support/expressions.ts';
import { demand, isLine } from './demand.ts';

/** An expression, the value of the parameter `nasty`, and the child. */
export interface ExpressionCase {
  readonly text: string;
  readonly wanted: Wanted;
  readonly value: string;
  readonly child: unknown;
}

export type ExpressionOutcome = 'mistakes' | 'Value' | 'Absent' | 'Error';

function toValues({ value, child }: ExpressionCase): Values {
  return { ...ordinary, parameters: { nasty: value, environment: 'production' }, child };
}

/** The same expression and values give the same result twice, with messages and sizes as promised. */
export function checkExpression(case_: ExpressionCase): ExpressionOutcome {
  const { text, wanted } = case_;
  const compiled = compileExpression(text, createTestScope(), wanted);
  if ('mistakes' in compiled) {
    demand(compiled.mistakes.length > 0, 'a mistake');
    checkMistakes(compiled.mistakes, text);
    return 'mistakes';
  }
  for (const { span } of compiled.expression.readings) demand(isWithin(span, text), 'a place in the text');
  const evaluated = evaluate(compiled.expression, toValues(case_));
  demand(isDeepStrictEqual(evaluate(compiled.expression, toValues(case_)), evaluated), 'the same value twice');
  if (evaluated.type !== 'Value') demand(isLine(evaluated.message), `a line, not ${evaluated.message}`);
  else if (wanted === 'Boolean') demand(typeof evaluated.value === 'boolean', 'true or false');
  else demand(renderValue(evaluated.value).length <= 65_536, 'a result of 64 KiB');
  return evaluated.type;
}

/** No value leaves the place of its placeholder. */
export function checkTemplates(case_: ExpressionCase): void {
  const { text, value } = case_;
  const values = toValues(case_);
  const scope = createTestScope();
  const around = text.replaceAll('$', '');
  const json = JSON.stringify({ before: around, list: [`<\${{ parameters.nasty }}>`], after: around });
  for (const odd of [`a \${{${text}}} b`, `{"a": "\${{${text}}}"}`, text]) {
    const { template, mistakes, warnings } = compileTemplate(odd, scope);
    checkMistakes([...mistakes, ...warnings], odd);
    const rendered = template && renderTemplate(template, values);
    if (rendered?.type === 'Text' && template?.isJson) JSON.parse(rendered.text);
  }
  const { template } = compileTemplate(json, scope);
  const rendered = template && renderTemplate(template, values);
  demand(template?.isJson === true && rendered !== undefined, 'a template');
  const wanted = JSON.stringify({ before: around, list: [`<${value}>`], after: around });
  const isInPlace = rendered?.type === 'Text' && JSON.stringify(JSON.parse(rendered.text)) === wanted;
  demand(isInPlace || value.length > 65_536, 'the value in its place');
}

function checkMistakes(mistakes: readonly Mistake[], text: string): void {
  for (const { span, message } of mistakes) {
    demand(isWithin(span, text), `a place in the text, not ${JSON.stringify(span)}`);
    demand(isLine(message), `a line, not ${message}`);
  }
}

function isWithin({ offset, length }: Mistake['span'], text: string): boolean {
  return offset >= 0 && length >= 0 && offset + length <= text.length;
}
