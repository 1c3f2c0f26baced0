import { describe, expect, test } from 'vitest';
import { graph } from '../../../src/cli/commands/graph.ts';
import { lint } from '../../../src/cli/commands/lint.ts';
import { runOn } from '../run-command.ts';

/** Each name breaks out of some format if it is not escaped. Names are cut at 63 characters, so there are several. */
const names = [
  '\u001b[2J\u0007\u009b1m',
  '::error file=x,line=1::forged',
  'x\r\n::error::forged%0A::warning::forged',
  '"]; x[label="',
  '\\N\\',
  "<script>&amp;']]>--></style>",
  '--> end',
  '#35;`b`<br/>',
  '\u202e\u2028\u0000\ud800\uffff',
];

const FILE = `${names.join('/')}.json`;

/**
 * Each name as the name and the kind of a step, and as a dependency: as it is, on a loop, and with a `?`, missing. The
 * object itself also has hostile names.
 */
const manifest = JSON.stringify({
  apiVersion: 'orchestration.proompteng.ai/v1alpha1',
  kind: 'Orchestration',
  metadata: { name: names[0], namespace: names[2] },
  spec: {
    entrypoint: names[1],
    steps: names.map((name, index) => ({
      name,
      kind: name,
      dependsOn: [names[(index + 1) % names.length], `${name}?`],
    })),
  },
});

async function output(run: typeof lint, format: string): Promise<string> {
  const { exitCode, stdout } = await runOn(run, { [FILE]: manifest }, ['--format', format, FILE]);
  expect(exitCode).toBe(run === lint ? 1 : 0);
  return stdout;
}

/** Characters that a terminal or an editor would act upon, or could not show. */
const UNPRINTABLE = /(?! |\n)[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]/u;

describe('a hostile name', () => {
  test.each([
    [lint, 'text'],
    [lint, 'json'],
    [lint, 'github'],
    [lint, 'sarif'],
    [graph, 'text'],
    [graph, 'mermaid'],
    [graph, 'dot'],
    [graph, 'svg'],
  ])('leaves nothing unprintable in %o as %s', async (run, format) => {
    const text = await output(run, format);
    expect(text).not.toMatch(UNPRINTABLE);
  });

  test.each([
    [lint, 'text'],
    [graph, 'text'],
  ])('starts no line of %o as %s like a command of GitHub', async (run, format) => {
    expect((await output(run, format)).split('\n').filter((line) => line.trimStart().startsWith('::'))).toEqual([]);
  });

  test('leaves one command a problem for GitHub, with its own properties', async () => {
    const problems = JSON.parse(await output(lint, 'json')) as unknown[];
    const lines = (await output(lint, 'github')).trimEnd().split('\n');
    expect(lines).toHaveLength(problems.length);
    for (const line of lines) {
      expect(line).toMatch(/^::(error|warning) file=[^:,\r\n]+,line=\d+,col=\d+,title=\w+::/);
      expect(line).not.toMatch(/%(?!25|0D|0A|3A|2C)/);
    }
  });

  test('becomes no link in SARIF', async () => {
    const text = JSON.stringify({ name: '[click](https://example.com)', kind: 'x' });
    const linked = manifest.replace('"steps":[', `"steps":[${text},`);
    const { stdout } = await runOn(lint, { 'a.json': linked }, ['--format=sarif', 'a.json']);
    expect(stdout).toContain('[click] (https://example.com)');
    expect(stdout).not.toContain('](');
  });

  test('leaves the SVG well-formed, with the text in it', async () => {
    const texts = parseXml(await output(graph, 'svg'));
    expect(texts.join('\n')).toContain('<script>&amp;');
  });

  test('leaves the DOT a graph of our own nodes, with the text in their labels', async () => {
    const tokens = tokenizeDot(await output(graph, 'dot'));
    const words = new Set(tokens.filter((token) => /^\w+$/.test(token)));
    const ours =
      /^(digraph|subgraph|graph|node|box|label|style|color|penwidth|fontname|shape|\d+|cluster_g0(r\d+)?|g0[sm]\d+)$/;
    expect([...words].filter((word) => !ours.test(word))).toEqual([]);
    expect(tokens.join(' ')).toContain('&amp;amp;');
  });

  test('leaves Mermaid only lines of its grammar, with nothing but letters, digits and codes in quotes', async () => {
    const quoted = String.raw`"([\p{L}\p{N} ._/-]|#\d+;|<br/>)*"`;
    const forms = [
      'flowchart TB',
      String.raw`subgraph g0(r\d+)?\[${quoted}\]`,
      String.raw`g0[sm]\d+\[${quoted}\](:::(loop|missing))?`,
      'end',
      String.raw`g0[sm]\d+ --> g0s\d+`,
      'classDef .*',
      'linkStyle .*',
    ];
    const line = new RegExp(`^\\s*(${forms.join('|')})$`, 'u');
    const strange = (await output(graph, 'mermaid'))
      .trimEnd()
      .split('\n')
      .filter((written) => !line.test(written));
    expect(strange).toEqual([]);
  });
});

/** The texts of an XML document. Throws if it is not well-formed, or has comments, CDATA or a document type. */
function parseXml(xml: string): string[] {
  const token = /<\/([\w-]+)>|<([\w-]+)((?:\s+[\w:-]+="(?:[^<&"]|&#\d+;)*")*)\s*(\/?)>|((?:[^<&]|&#\d+;)+)/gy;
  const open: string[] = [];
  const texts: string[] = [];
  while (token.lastIndex < xml.length) {
    const from = token.lastIndex;
    const [, closed, opened, , isEmpty, text] = token.exec(xml) ?? [];
    if (closed !== undefined && open.pop() !== closed) throw new Error(`</${closed}> closes nothing`);
    if (opened !== undefined && isEmpty === '') open.push(opened);
    if (text !== undefined) texts.push(text.replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code))));
    if (token.lastIndex === 0) throw new Error(`not XML: ${xml.slice(from, from + 40)}`);
  }
  if (open.length > 0) throw new Error(`<${open.at(-1)}> is not closed`);
  return texts;
}

/** The tokens of a DOT file. Throws if something is not a token, or if braces do not match. */
function tokenizeDot(dot: string): string[] {
  const token = /\s*(->|[{}[\];,=]|[A-Za-z_]\w*|\d+|"(?:[^"\\\n]|\\.)*")\s*/gy;
  const tokens: string[] = [];
  let isOpen = 0;
  while (token.lastIndex < dot.length) {
    const from = token.lastIndex;
    const [, found] = token.exec(dot) ?? [];
    if (found === undefined) throw new Error(`not DOT: ${dot.slice(from, from + 40)}`);
    isOpen += found === '{' ? 1 : found === '}' ? -1 : 0;
    tokens.push(found);
  }
  if (isOpen !== 0) throw new Error('braces do not match');
  return tokens;
}
