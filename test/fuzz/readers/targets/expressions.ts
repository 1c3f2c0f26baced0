import { checkExpression, checkTemplates } from '../../check-expression.ts';

/** Compiles and evaluates an expression, alone and in templates. The input: a wanted type, the expression, a value and a child. */
export function fuzz(data: Uint8Array): void {
  const [wanted = '', text = '', value = '', child = ''] = new TextDecoder().decode(data).split('\0');
  const case_ = { text, wanted: wanted === 'b' ? 'Boolean' : 'String', value, child: parse(child) } as const;
  checkExpression(case_);
  checkTemplates(case_);
}

function parse(child: string): unknown {
  try {
    return JSON.parse(child);
  } catch {
    return { list: [1, 'a'], n: 7, flag: true, text: child };
  }
}
