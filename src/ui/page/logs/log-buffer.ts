import type { LogMessage } from '../protocol.ts';
import { parseAnsi, type Span, type Style } from './ansi.ts';

/** A container whose lines are shown. */
export interface LogSource {
  readonly pod: string;
  readonly container: string;
  readonly command: string;
}

export interface LogLine {
  readonly source: number;
  readonly spans: readonly Span[];
  /** The text of all spans. */
  readonly text: string;
}

/** Lines that are drawn together. A chunk that is full never changes. */
export interface Chunk {
  readonly id: number;
  readonly lines: readonly LogLine[];
}

/** What is known about the logs of a step. */
export interface LogState {
  readonly sources: readonly LogSource[];
  readonly chunks: readonly Chunk[];
  /** The number of lines at the start that are no longer kept. */
  readonly dropped: number;
  /** What is being waited for, or what went wrong. */
  readonly note: string;
  readonly isOver: boolean;
}

const CHUNK = 200;
const MOST_CHUNKS = 100;

/** The state of logs about which nothing is known yet. */
export const noLogs: LogState = { sources: [], chunks: [], dropped: 0, note: '', isOver: false };

/** Returns a function that adds messages. It keeps the last 20,000 lines, and the current style of each source. */
export function createLogBuffer(): (state: LogState, messages: readonly LogMessage[]) => LogState {
  const styles = new Map<number, Style>();
  let next = 0;

  function parse(source: number, line: string): LogLine {
    const { spans, after } = parseAnsi(line, styles.get(source) ?? {});
    styles.set(source, after);
    return { source, spans, text: spans.map(({ text }) => text).join('') };
  }

  function addLines({ chunks, dropped, ...state }: LogState, lines: readonly LogLine[]): LogState {
    const kept = [...chunks];
    for (let at = 0; at < lines.length; ) {
      const last = kept.at(-1);
      const isFull = last === undefined || last.lines.length >= CHUNK;
      const room = isFull ? CHUNK : CHUNK - last.lines.length;
      const added = lines.slice(at, at + room);
      at += added.length;
      if (isFull) kept.push({ id: next++, lines: added });
      else kept[kept.length - 1] = { id: last.id, lines: [...last.lines, ...added] };
    }
    const over = kept.splice(0, Math.max(0, kept.length - MOST_CHUNKS));
    return { ...state, chunks: kept, dropped: dropped + over.reduce((sum, chunk) => sum + chunk.lines.length, 0) };
  }

  function add(state: LogState, message: LogMessage): LogState {
    switch (message.type) {
      case 'Source': {
        const sources = [...state.sources];
        sources[message.source] = message;
        return { ...state, sources, note: '' };
      }
      case 'Lines':
        return addLines(
          state,
          message.lines.map((line) => parse(message.source, line)),
        );
      case 'Note':
        return { ...state, note: message.sentence };
      case 'End':
        return { ...state, note: message.sentence ?? '', isOver: true };
      default:
        return message satisfies never;
    }
  }
  return (state, messages) => messages.reduce(add, state);
}

/** Returns the parts of a line that contain the searched text, and those between them. Case is ignored. */
export function splitFound(
  text: string,
  searched: string,
): readonly { readonly text: string; readonly isFound: boolean }[] {
  if (searched === '') return [{ text, isFound: false }];
  const [lower, wanted] = [text.toLowerCase(), searched.toLowerCase()];
  // For a few letters, the lower case is longer, so the positions would be wrong.
  if (lower.length !== text.length) return [{ text, isFound: false }];
  const parts: { text: string; isFound: boolean }[] = [];
  let end = 0;
  for (let at = lower.indexOf(wanted); at >= 0; at = lower.indexOf(wanted, end)) {
    if (at > end) parts.push({ text: text.slice(end, at), isFound: false });
    parts.push({ text: text.slice(at, at + wanted.length), isFound: true });
    end = at + wanted.length;
  }
  if (end < text.length) parts.push({ text: text.slice(end), isFound: false });
  return parts;
}
