import { createRenderer } from '../../../../src/toolrun/template.ts';
import { expand, expandWithValues, OPAQUE } from '../../../support/expansion.ts';
import { demand } from '../../demand.ts';

const variables = new Map(['HOME', 'TOKEN', 'x', ''].map((name) => [name, `<value of ${name}>`]));

/** Renders a template of a Tool, and expands it as kubelet does. The input: the template, and two parameters. */
export function fuzz(data: Uint8Array): void {
  const [template = '', x = '', y = ''] = new TextDecoder().decode(data).split('\0');
  if (template.includes(OPAQUE)) return;
  const context = {
    parameters: { x, y, 'with space': '$(HOME)' },
    tool: { spec: { args: ['a', 1, null], command: x } },
  };
  const renderer = createRenderer(context);
  const rendered = renderer.render(template);
  demand(createRenderer(context).render(template) === rendered, 'the same text twice');
  demand(rendered.length <= 4 * 1024 * 1024, 'a text of bounded length');
  if (renderer.isTooLarge()) return;
  const expanded = expand(rendered, variables);
  const wanted = expandWithValues(template, context, variables);
  demand(expanded === wanted, `${JSON.stringify(wanted)} in the container, not ${JSON.stringify(expanded)}`);
}
