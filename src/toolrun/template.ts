import { isRecord } from '../orchestration/decode.ts';

/** Renders templates with one context, and counts all that it inserts. */
export interface Renderer {
  /**
   * Replaces `{{parameters.name}}`, or any other path into the context, with its value. A missing value is empty, and a
   * value that is not text becomes JSON. Kubelet expands the result: `$(NAME)` and `$$` of the template keep their
   * meaning, values stay as they are, and a `$(…)` that contains a value is text and not a reference. Cost: linear.
   */
  readonly render: (template: string) => string;
  /** Whether more was to be inserted than a Job can hold. If so, the rendered texts are not complete. */
  readonly isTooLarge: () => boolean;
}

/**
 * The most characters that a renderer inserts. No Job can hold more: etcd accepts 1.5 MiB a request, and a ConfigMap or
 * annotations hold less. A few values in many places can make gigabytes.
 */
const MOST_CHARACTERS = 1024 * 1024;

const PLACEHOLDER = /\{\{([^{}()$]+)\}\}/;
/**
 * What kubelet would read as one token, if placeholders are opaque text: an escaped `$`, a reference, or the start of
 * one.
 */
const TOKEN = new RegExp(`\\$\\$|\\$\\(([^)]*)\\)|\\$(?=\\(|\\{\\{)|${PLACEHOLDER.source}`, 'g');
/**
 * The same for the text after the last `)`, where no reference can end. So the end is not searched for from each `$(`.
 * The empty group takes the place of the one for the name.
 */
const TOKEN_BEHIND_REFERENCES = new RegExp(`\\$\\$|()\\$(?=\\(|\\{\\{)|${PLACEHOLDER.source}`, 'g');

/** Renders templates with the values of `context`. All that one renderer inserts counts against one limit. */
export function createRenderer(context: Readonly<Record<string, unknown>>): Renderer {
  let characters = 0;

  function insert(path: string): string {
    if (characters > MOST_CHARACTERS) return '';
    const value = escapeDollars(lookUp(context, path));
    characters += value.length;
    return value;
  }

  function renderToken(token: string, inside: string | undefined, path: string | undefined): string {
    if (path !== undefined) return insert(path);
    if (token === '$') return '$$';
    return inside !== undefined && PLACEHOLDER.test(inside) ? `$$(${render(escapeDollars(inside))})` : token;
  }

  function render(template: string): string {
    const end = template.lastIndexOf(')') + 1;
    const behind = template.slice(end);
    return template.slice(0, end).replace(TOKEN, renderToken) + behind.replace(TOKEN_BEHIND_REFERENCES, renderToken);
  }

  return { render, isTooLarge: () => characters > MOST_CHARACTERS };
}

/** Kubelet reads `$$` as `$`, whatever follows. */
function escapeDollars(text: string): string {
  return text.replaceAll('$', '$$$$');
}

function lookUp(context: unknown, path: string): string {
  let value = context;
  for (const key of path.split('.').map((part) => part.trim())) {
    value = isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  }
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
