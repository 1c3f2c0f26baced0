import { drawOrchestration } from '../../drawing/drawing.ts';
import { LayoutTooLargeError } from '../../drawing/layout.ts';
import { decodeOrchestration } from '../../orchestration/decode.ts';
import { describeUnknownName, type Outcome, type Ports, readInput, refuse } from '../command.ts';
import { formatDot } from '../format/dot.ts';
import { displayText } from '../format/escape.ts';
import { formatGraphText } from '../format/graph-text.ts';
import { formatMermaid } from '../format/mermaid.ts';
import { formatSvg } from '../format/svg.ts';

const formats = { text: formatGraphText, mermaid: formatMermaid, dot: formatDot, svg: formatSvg } as const;

const command = {
  verb: 'graph',
  flags: { output: ['text', 'mermaid', 'dot', 'svg'], name: 'text' },
  usage: `usage: orchestration-gate graph [-o text|mermaid|dot|svg] [--name NAME] FILE|DIR|-...

Draws the graph of every Orchestration in YAML or JSON files: what waits for what, also where nobody wrote it (the
sequential default), and wave by wave what may run together. A broken graph is drawn too, with its loops and what is
missing. - is standard input.

  -o, --output  text (the default), mermaid, dot (Graphviz) or svg
  --name        only Orchestrations of that name

Exit code: 0 drawn, 1 drawn but for documents that cannot be read, 2 could not run.
`,
} as const;

/** Draws the Orchestrations of all given files, in order. */
export async function graph(args: readonly string[], ports: Ports): Promise<Outcome> {
  const input = await readInput(command, args, ports);
  if (!input.ok) return input.outcome;
  const { output = 'text', name: wanted } = input.values;
  const unread = input.manifests.flatMap(({ file, mistakes }) =>
    mistakes.map(({ line, column, message }) => `${displayText(file)}:${line}:${column}: ${message}`),
  );
  const all = input.manifests
    .flatMap(({ objects }) => objects)
    .filter(({ kind }) => kind === 'Orchestration')
    .map(({ value }) => decodeOrchestration(value).orchestration);
  if (all.length === 0) return refuse('graph', [...unread, 'there is no Orchestration in what was given']);

  const chosen = all.filter(({ name }) => wanted === undefined || name === wanted);
  if (wanted !== undefined && chosen.length === 0) {
    return refuse('graph', [
      ...unread,
      describeUnknownName(
        wanted,
        all.map(({ name }) => name),
      ),
    ]);
  }
  try {
    const stdout = formats[output](chosen.map(drawOrchestration));
    return { exitCode: unread.length === 0 ? 0 : 1, stdout, stderr: unread.map((line) => `graph: ${line}\n`).join('') };
  } catch (error) {
    if (!(error instanceof LayoutTooLargeError)) throw error;
    return refuse('graph', ['too many steps or dependencies to place in an svg: use -o dot and Graphviz']);
  }
}
