import type { Drawing, DrawnStep } from '../../drawing/drawing.ts';

const LOOP_STYLE = 'color="#d1242f", penwidth=2';
const STYLES = { ready: '', stuck: '', loop: `, ${LOOP_STYLE}`, missing: ', style="dashed"' } as const;

/** One digraph for Graphviz, each Orchestration and each row a cluster in it. */
export function formatDot(drawings: readonly Drawing[]): string {
  return [
    'digraph {\n',
    '  graph [fontname="Helvetica", style="rounded", color="#8c959f"];\n',
    '  node [fontname="Helvetica", shape=box, style="rounded"];\n',
    ...drawings.map(drawCluster),
    '}\n',
  ].join('');
}

function drawCluster({ title, isSequential, rows, edges }: Drawing, index: number): string {
  const draw = ({ id, label, kind, state }: DrawnStep) =>
    `      g${index}${id} [label="${escapeText(label)}\\n${escapeText(kind || state)}"${STYLES[state]}];\n`;
  const clusters = rows.map(
    ({ heading, steps }, row) =>
      `    subgraph cluster_g${index}r${row} {\n      label="${heading}";\n${steps.map(draw).join('')}    }\n`,
  );
  const style = isSequential ? ' [style="dashed"]' : '';
  const arrows = edges.map(
    ({ from, to, isOnLoop }) =>
      `    g${index}${from.id} -> g${index}${to.id}${isOnLoop ? ` [${LOOP_STYLE}]` : style};\n`,
  );
  const heading = escapeText(isSequential ? `${title} (sequential)` : title);
  return `  subgraph cluster_g${index} {\n    label="${heading}";\n${clusters.join('')}${arrows.join('')}  }\n`;
}

/** Labels know escapes (`\\N` is the node's name) and HTML entities, both without being asked. */
function escapeText(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('&', '&amp;');
}
