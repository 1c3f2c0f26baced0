import { captionOf, type Drawing, type DrawnEdge, type DrawnStep } from '../../drawing/drawing.ts';

const LOOP_STYLE = 'stroke:#d1242f,stroke-width:3px';
const DATA_STYLE = 'stroke:#0969da';
const READ_STYLE = `${DATA_STYLE},stroke-dasharray:2 4`;

/** Writes one flowchart, with each Orchestration and each row as a box. GitHub and GitLab show it inside Markdown. */
export function formatMermaid(drawings: readonly Drawing[]): string {
  const arrows = drawings.flatMap(({ edges, isSequential }, index) =>
    edges.map((edge) => ({ line: drawArrow(edge, index, isSequential), edge })),
  );
  const style = (words: string, isAmong: (edge: DrawnEdge) => boolean) => {
    const among = [...arrows.keys()].filter((at) => arrows[at] && isAmong(arrows[at].edge));
    return among.length === 0 ? '' : `  linkStyle ${among.join(',')} ${words}\n`;
  };
  return [
    'flowchart TB\n',
    ...drawings.map(drawBoxes),
    ...arrows.map(({ line }) => line),
    `  classDef loop ${LOOP_STYLE}\n`,
    '  classDef missing stroke-dasharray:4 3\n',
    drawings.some(({ rows }) => rows.some(({ steps }) => steps.some(isConditional)))
      ? '  classDef conditional stroke-dasharray:6 4\n'
      : '',
    style(DATA_STYLE, ({ isOnLoop, isOrder, reads }) => isOrder && reads.length > 0 && !isOnLoop),
    style(READ_STYLE, ({ isOrder }) => !isOrder),
    style(LOOP_STYLE, ({ isOnLoop }) => isOnLoop),
  ].join('');
}

function drawArrow({ from, to, isOrder, reads }: DrawnEdge, index: number, isSequential: boolean): string {
  const line = isOrder && !isSequential ? '-->' : '-.->';
  const label = reads.length === 0 ? '' : `|"${reads.map(escapeText).join('<br/>')}"|`;
  return `  g${index}${from.id} ${line}${label} g${index}${to.id}\n`;
}

function isConditional({ state, condition }: DrawnStep): boolean {
  return condition !== '' && state !== 'loop';
}

function drawBoxes({ title, isSequential, rows }: Drawing, index: number): string {
  const draw = (step: DrawnStep) => {
    const { id, state } = step;
    const style = state === 'loop' || state === 'missing' ? `:::${state}` : isConditional(step) ? ':::conditional' : '';
    return `      g${index}${id}["${captionOf(step).map(escapeText).join('<br/>')}"]${style}\n`;
  };
  const boxes = rows.map(
    ({ heading, steps }, row) => `    subgraph g${index}r${row}["${heading}"]\n${steps.map(draw).join('')}    end\n`,
  );
  const heading = escapeText(isSequential ? `${title} (sequential)` : title);
  return `  subgraph g${index}["${heading}"]\n${boxes.join('')}  end\n`;
}

/**
 * Mermaid interprets HTML, Markdown and its own signs even inside quotes. All characters except letters, digits, spaces
 * and `._/-` become codes.
 */
function escapeText(text: string): string {
  return text.replace(/[^\p{L}\p{N} ._/-]/gu, (character) => `#${character.codePointAt(0)};`);
}
