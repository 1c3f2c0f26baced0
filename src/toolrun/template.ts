import { isRecord } from '../orchestration/decode.ts';

/** Renders templates with one context; all that it puts in is counted together. */
export interface Renderer {
  /**
   * Puts values in the place of `{{parameters.name}}`, or of any other path into the context; what is not there is empty,
   * what is not text is JSON. The result is for kubelet to expand: the author's own `$(NAME)` and `$$` keep their meaning,
   * values come out as they are, and a `$(…)` that a value is part of is text, no reference. Cost: linear.
   */
  readonly render: (template: string) => string;
  /** More was asked for than a Job can hold: what was rendered is not complete. */
  readonly isTooLarge: () => boolean;
}

/** No Job holds more: etcd takes 1.5 MiB a request, a ConfigMap or annotations less. Few values in many places make gigabytes. */
const MOST_CHARACTERS = 1024 * 1024;

const PLACEHOLDER = /\{\{([^{}()$]+)\}\}/;
/** What kubelet would read as one thing, with placeholders as opaque text: escaped `$`, reference, the start of one. */
const TOKEN = new RegExp(`\\$\\$|\\$\\(([^)]*)\\)|\\$(?=\\(|\\{\\{)|${PLACEHOLDER.source}`, 'g');
/** The same where no reference can end, so that its end is not looked for from each `$(`. The empty group stands for the name. */
const TOKEN_BEHIND_REFERENCES = new RegExp(`\\$\\$|()\\$(?=\\(|\\{\\{)|${PLACEHOLDER.source}`, 'g');

/** Renders templates with the values of `context`; all that one renderer inserts counts together against the limit. */
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
