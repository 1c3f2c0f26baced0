import { useMemo } from 'preact/hooks';
import { cssColor, type Span } from './ansi.ts';
import { type Chunk, type LogLine, type LogSource, splitFound } from './log-buffer.ts';

export interface ChunkProps {
  readonly chunk: Chunk;
  readonly searched: string;
  /** Empty if there is only one, so that no line names it. */
  readonly sources: readonly LogSource[];
}

/** The lines of a chunk that contain the searched text. It is drawn anew only if it changes. */
export function LogChunk({ chunk, searched, sources }: ChunkProps) {
  return useMemo(() => {
    const wanted = searched.toLowerCase();
    const found = searched === '' ? chunk.lines : chunk.lines.filter(({ text }) => text.toLowerCase().includes(wanted));
    if (found.length === 0) return null;
    return (
      <div class="chunk">
        {found.map((line, at) => (
          <Line key={at} {...{ line, searched }} source={sources[line.source]} />
        ))}
      </div>
    );
  }, [chunk, searched, sources]);
}

interface LineProps {
  readonly line: LogLine;
  readonly searched: string;
  readonly source: LogSource | undefined;
}

function Line({ line: { spans, text, source: number }, searched, source }: LineProps) {
  return (
    <div class="log-line">
      {source === undefined ? undefined : (
        <span class={`log-source source-${number % 6}`}>
          {source.pod}/{source.container}{' '}
        </span>
      )}
      {searched === '' ? spans.map(drawSpan) : <Found text={text} searched={searched} />}
      {'\n'}
    </div>
  );
}

function Found({ text, searched }: { readonly text: string; readonly searched: string }) {
  return splitFound(text, searched).map((part, at) => (part.isFound ? <mark key={at}>{part.text}</mark> : part.text));
}

function drawSpan(span: Span, at: number) {
  const { text, color, ground, isBold, isFaint, isItalic, isUnderlined, isInverse } = span;
  const flags = { bold: isBold, faint: isFaint, italic: isItalic, underlined: isUnderlined, inverse: isInverse };
  const names = Object.entries(flags).flatMap(([name, isOn]) => (isOn ? [name] : []));
  if (color !== undefined) names.push('fg');
  if (ground !== undefined) names.push('bg');
  if (names.length === 0) return text;
  const style = {
    ...(color !== undefined && { '--fg': cssColor(color) }),
    ...(ground !== undefined && { '--bg': cssColor(ground) }),
  };
  return (
    <span key={at} class={names.join(' ')} style={style}>
      {text}
    </span>
  );
}
