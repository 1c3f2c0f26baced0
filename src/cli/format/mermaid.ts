import type { Drawing, DrawnStep } from '../../drawing/drawing.ts';

const LOOP_STYLE = 'stroke:#d1242f,stroke-width:3px';

/** One flowchart, each Orchestration and each row a box in it. GitHub and GitLab show it inside Markdown. */
export function formatMermaid(drawings: readonly Drawing[]): string {
  const arrows = drawings.flatMap(({ edges, isSequential }, index) =>
    edges.map(({ from, to, isOnLoop }) => ({
      line: `  g${index}${from.id} ${isSequential ? '-.->' : '-->'} g${index}${to.id}\n`,
      isOnLoop,
    })),
  );
  const onLoop = [...arrows.keys()].filter((index) => arrows[index]?.isOnLoop);
  return [
    'flowchart TB\n',
    ...drawings.map(drawBoxes),
    ...arrows.map(({ line }) => line),
    `  classDef loop ${LOOP_STYLE}\n`,
    '  classDef missing stroke-dasharray:4 3\n',
    onLoop.length === 0 ? '' : `  linkStyle ${onLoop.join(',')} ${LOOP_STYLE}\n`,
  ].join('');
}

function drawBoxes({ title, isSequential, rows }: Drawing, index: number): string {
  const draw = ({ id, label, kind, state }: DrawnStep) => {
    const style = state === 'loop' || state === 'missing' ? `:::${state}` : '';
    return `      g${index}${id}["${escapeText(label)}<br/>${escapeText(kind || state)}"]${style}\n`;
  };
  const boxes = rows.map(
    ({ heading, steps }, row) => `    subgraph g${index}r${row}["${heading}"]\n${steps.map(draw).join('')}    end\n`,
  );
  const heading = escapeText(isSequential ? `${title} (sequential)` : title);
  return `  subgraph g${index}["${heading}"]\n${boxes.join('')}  end\n`;
}

/** Mermaid reads HTML, Markdown and its own signs inside quotes too: all but letters and digits become codes. */
function escapeText(text: string): string {
  return text.replace(/[^\p{L}\p{N} ._/-]/gu, (character) => `#${character.codePointAt(0)};`);
}
