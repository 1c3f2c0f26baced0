import { captionOf, type Drawing, type DrawnEdge, type DrawnStep } from '../../drawing/drawing.ts';

const LOOP_STYLE = 'color="#d1242f", penwidth=2';
const DATA_STYLE = 'color="#0969da", fontcolor="#0969da", fontsize=10';
const STYLES = { ready: '', stuck: '', loop: `, ${LOOP_STYLE}`, missing: ', style="dashed"' } as const;
const CONDITIONAL = ', style="rounded,dashed"';

/**
 * Writes one digraph for Graphviz, with each Orchestration and each row as a cluster. An edge that reads data is blue,
 * and dotted if it is not a dependency.
 */
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
  const draw = (step: DrawnStep) => {
    const label = captionOf(step).map(escapeText).join('\\n');
    return `      g${index}${step.id} [label="${label}"${STYLES[step.state]}${step.condition === '' ? '' : CONDITIONAL}];\n`;
  };
  const clusters = rows.map(
    ({ heading, steps }, row) =>
      `    subgraph cluster_g${index}r${row} {\n      label="${heading}";\n${steps.map(draw).join('')}    }\n`,
  );
  const arrows = edges.map((edge) => {
    const attributes = describeEdge(edge, isSequential);
    const list = attributes.length === 0 ? '' : ` [${attributes.join(', ')}]`;
    return `    g${index}${edge.from.id} -> g${index}${edge.to.id}${list};\n`;
  });
  const heading = escapeText(isSequential ? `${title} (sequential)` : title);
  return `  subgraph cluster_g${index} {\n    label="${heading}";\n${clusters.join('')}${arrows.join('')}  }\n`;
}

function describeEdge({ isOnLoop, isOrder, reads }: DrawnEdge, isSequential: boolean): readonly string[] {
  const style = isOnLoop ? [] : isOrder ? (isSequential ? ['style="dashed"'] : []) : ['style="dotted"'];
  const label = reads.length === 0 ? [] : [`label="${reads.map(escapeText).join('\\n')}"`];
  return [...(isOnLoop ? [LOOP_STYLE] : label.length === 0 ? [] : [DATA_STYLE]), ...style, ...label];
}

/** Graphviz interprets escapes (`\\N` is the node's name) and HTML entities in every label. */
function escapeText(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('&', '&amp;');
}
