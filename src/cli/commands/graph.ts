import { drawOrchestration } from '../../drawing/drawing.ts';
import { LayoutTooLargeError } from '../../drawing/layout.ts';
import { decodeOrchestration } from '../../orchestration/decode.ts';
import { CommandError } from '../cluster/failure.ts';
import { defineCommand } from '../command.ts';
import { chooseOrchestrations } from '../files/choose.ts';
import { manifestFiles } from '../files/operand.ts';
import { anyText, outputFlag } from '../flags.ts';
import { formatDot } from '../format/dot.ts';
import { formatGraphJson } from '../format/graph-json.ts';
import { formatGraphText } from '../format/graph-text.ts';
import { formatMermaid } from '../format/mermaid.ts';
import { formatSvg } from '../format/svg.ts';

const formats = {
  text: formatGraphText,
  mermaid: formatMermaid,
  dot: formatDot,
  svg: formatSvg,
  json: formatGraphJson,
} as const;

/** Draws the Orchestrations of all given files, in order. */
export const graph = defineCommand({
  verb: 'graph',
  details:
    'The drawing shows which steps each step waits for and reads, which steps can run at the same time (a wave), and which steps have a condition. It draws a broken graph too, with its cycles and missing steps.',
  operands: manifestFiles,
  flags: {
    output: outputFlag(['text', 'mermaid', 'dot', 'svg', 'json'], 'the format; dot is for Graphviz'),
    name: { flag: 'name', kind: anyText('NAME'), help: 'only Orchestrations of that name' },
  },
  exitCodes: { 0: 'drawn', 1: 'drawn, except for documents that cannot be read', 2: 'could not run' },
  examples: ['graph examples/diamond.yaml', 'graph -o svg --name release manifests/ > release.svg'],
  run: ({ output, name }, manifests) => {
    const { chosen, unread } = chooseOrchestrations(manifests, name, (objects) =>
      objects.map(({ value }) => decodeOrchestration(value).orchestration),
    );
    try {
      const stdout = formats[output](chosen.map((orchestration) => drawOrchestration(orchestration)));
      const stderr = unread.map((line) => `graph: ${line}\n`).join('');
      return Promise.resolve({ exitCode: unread.length === 0 ? 0 : 1, stdout, stderr });
    } catch (error) {
      if (!(error instanceof LayoutTooLargeError)) throw error;
      throw new CommandError('too many steps or dependencies to place in an svg: use -o dot and Graphviz');
    }
  },
});
