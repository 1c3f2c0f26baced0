/** Stands for a value that must come out as it is; no template under test holds it. */
export const OPAQUE = '\u{e000}';

/** Expands a command, argument or value as kubelet does: `third_party/forked/golang/expansion` in Kubernetes. */
export function expand(text: string, variables: ReadonlyMap<string, string>): string {
  let expanded = '';
  for (let at = 0; at < text.length; at++) {
    const next = text[at + 1];
    const close = text.indexOf(')', at);
    if (text[at] !== '$' || next === undefined) expanded += text[at];
    else if (next === '(' && close > 0) {
      const name = text.slice(at + 2, close);
      expanded += variables.get(name) ?? `$(${name})`;
      at = close;
    } else {
      expanded += next === '$' ? '$' : `$${next}`;
      at++;
    }
  }
  return expanded;
}

/** The text that a container must get: kubelet expands the author's template, and values come out unchanged. */
export function expandWithValues(template: string, context: object, variables: ReadonlyMap<string, string>): string {
  const values: string[] = [];
  const opaque = template.replace(/\{\{([^{}()$]+)\}\}/g, (_, path: string) => {
    values.push(lookUp(context, path.split('.')));
    return OPAQUE;
  });
  return expand(opaque, variables).replaceAll(OPAQUE, () => values.shift() ?? '');
}

function lookUp(context: object, path: readonly string[]): string {
  const value = path.reduce<unknown>((inside, part) => {
    const isMap = typeof inside === 'object' && inside !== null && !Array.isArray(inside);
    return isMap ? Object.entries(inside).find(([key]) => key === part.trim())?.[1] : undefined;
  }, context);
  return typeof value === 'string' ? value : (JSON.stringify(value ?? undefined) ?? '');
}
