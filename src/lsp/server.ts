import {
  type CodeAction,
  CodeActionKind,
  type CompletionItem,
  CompletionItemKind,
  type Connection,
  DiagnosticSeverity,
  type DocumentSymbol,
  MarkupKind,
  SymbolKind,
  TextDocumentSyncKind,
  TextDocuments,
  type TextEdit,
} from 'vscode-languageserver';
import { TextDocument } from 'vscode-languageserver-textdocument';
import type { Clock } from '../cli/cluster/port.ts';
import { complete, type Suggestion } from './completion.ts';
import { findDefinition } from './definition.ts';
import { type Diagnosed, diagnose } from './diagnose.ts';
import type { Edit } from './edits.ts';
import { findFixes } from './fixes.ts';
import { describeSpot } from './hover.ts';
import { type Reading, readText } from './reading.ts';
import { findSpot, type Part } from './spot.ts';
import { type OutlineEntry, outline } from './symbols.ts';
import { findTarget } from './target.ts';

/** How long a user must stop typing before a text is judged. */
const QUIET_MS = 150;

const SOURCE = 'orchestration-gate';

/** A version of a document, with what was read of it. */
interface Known {
  readonly version: number;
  readonly reading: Reading;
  /** Undefined until the version is judged. */
  diagnosed?: readonly Diagnosed[];
}

/**
 * Serves an editor over a connection: sends diagnostics when the user stops typing for a moment, and answers requests
 * about the current text. Reads a text once for each version. The caller starts the connection.
 */
export function serveEditor(connection: Connection, schedule: Clock['schedule']): void {
  const documents = new TextDocuments(TextDocument);
  const known = new Map<string, Known>();
  const timers = new Map<string, () => void>();

  const know = (document: TextDocument): Known => {
    const { uri, version } = document;
    const before = known.get(uri);
    if (before?.version === version) return before;
    const now: Known = { version, reading: readText(uri, document.getText()) };
    known.set(uri, now);
    return now;
  };
  const judge = (document: TextDocument): readonly Diagnosed[] => {
    const of = know(document);
    of.diagnosed ??= diagnose(of.reading, document.getText());
    return of.diagnosed;
  };
  const publish = (document: TextDocument) => {
    const diagnostics = judge(document).map((diagnosed) => toDiagnostic(document, diagnosed));
    const { uri, version } = document;
    void connection.sendDiagnostics({ uri, version, diagnostics });
  };
  /** Answers about an open document, or with nothing. */
  const about = <T>(uri: string, answer: (document: TextDocument) => T): T | null => {
    const document = documents.get(uri);
    return document === undefined ? null : answer(document);
  };

  connection.onInitialize(() => ({
    serverInfo: { name: SOURCE },
    capabilities: {
      textDocumentSync: TextDocumentSyncKind.Incremental,
      completionProvider: { triggerCharacters: ['.', '[', '"', "'"] },
      hoverProvider: true,
      definitionProvider: true,
      documentSymbolProvider: true,
      codeActionProvider: { codeActionKinds: [CodeActionKind.QuickFix] },
    },
  }));

  documents.onDidChangeContent(({ document }) => {
    timers.get(document.uri)?.();
    const stop = schedule(QUIET_MS, () => {
      timers.delete(document.uri);
      try {
        publish(document);
      } catch (error) {
        // This is a bug, but the server continues: its answers to requests still help, and an editor gives up on a
        // server that ends.
        connection.console.error(`${document.uri} cannot be judged: ${String(error)}`);
      }
    });
    timers.set(document.uri, stop);
  });
  documents.onDidClose(({ document: { uri } }) => {
    timers.get(uri)?.();
    timers.delete(uri);
    known.delete(uri);
    void connection.sendDiagnostics({ uri, diagnostics: [] });
  });
  connection.onShutdown(() => {
    for (const stop of timers.values()) stop();
    timers.clear();
  });

  connection.onCompletion(({ textDocument: { uri }, position }) =>
    about(uri, (document) => {
      const suggestions = complete(know(document).reading, document.getText(), document.offsetAt(position));
      return suggestions.map((suggestion, rank) => toItem(document, suggestion, rank));
    }),
  );
  connection.onDefinition(({ textDocument: { uri }, position }) =>
    about(uri, (document) => {
      const { reading } = know(document);
      const offset = document.offsetAt(position);
      const spot = findSpot(reading, offset);
      const target = spot && findTarget(reading, spot, offset);
      const part = target && findDefinition(target, spot.object);
      return part === undefined ? null : { uri, range: toRange(document, part) };
    }),
  );
  connection.onHover(({ textDocument: { uri }, position }) =>
    about(uri, (document) => {
      const { reading } = know(document);
      const offset = document.offsetAt(position);
      const spot = findSpot(reading, offset);
      const found = spot && describeSpot(reading, spot, offset);
      if (found === undefined) return null;
      return { contents: { kind: MarkupKind.Markdown, value: found.markdown }, range: toRange(document, found) };
    }),
  );
  connection.onDocumentSymbol(({ textDocument: { uri } }) =>
    about(uri, (document) =>
      outline(know(document).reading).map((entry) => toSymbol(document, entry, SymbolKind.Class)),
    ),
  );
  connection.onCodeAction(({ textDocument: { uri }, range }) =>
    about(uri, (document) => {
      const [start, end] = [document.offsetAt(range.start), document.offsetAt(range.end)];
      const touched = judge(document).filter((diagnosed) => diagnosed.start <= end && start <= diagnosed.end);
      return touched.flatMap((diagnosed) => toActions(document, diagnosed));
    }),
  );

  documents.listen(connection);
}

function toRange(document: TextDocument, { start, end }: Part) {
  return { start: document.positionAt(start), end: document.positionAt(end) };
}

function toEdits(document: TextDocument, edits: readonly Edit[]): TextEdit[] {
  return edits.map((edit) => ({ range: toRange(document, edit), newText: edit.text }));
}

function toDiagnostic(document: TextDocument, diagnosed: Diagnosed) {
  const { code, severity, message } = diagnosed;
  return {
    range: toRange(document, diagnosed),
    severity: severity === 'deny' ? DiagnosticSeverity.Error : DiagnosticSeverity.Warning,
    code,
    source: SOURCE,
    message,
  };
}

const itemKinds = {
  Step: CompletionItemKind.Reference,
  Field: CompletionItemKind.Field,
  Value: CompletionItemKind.EnumMember,
  Variable: CompletionItemKind.Variable,
  Function: CompletionItemKind.Function,
} as const satisfies Record<Suggestion['type'], CompletionItemKind>;

/**
 * Converts a suggestion for an editor, which sorts and filters items itself. `sortText` keeps the order of the
 * suggestions. `filterText` has the quote with which the replaced text begins, if there is one.
 */
function toItem(document: TextDocument, suggestion: Suggestion, rank: number): CompletionItem {
  const { label, type, text, detail, documentation, more = [] } = suggestion;
  const written = document.getText(toRange(document, suggestion));
  return {
    label,
    kind: itemKinds[type],
    sortText: String(rank).padStart(4, '0'),
    filterText: /^["']/.test(written) ? `${written[0]}${label}` : text,
    textEdit: { range: toRange(document, suggestion), newText: text },
    ...(detail !== undefined && { detail }),
    ...(documentation !== undefined && { documentation }),
    ...(more.length > 0 && { additionalTextEdits: toEdits(document, more) }),
  };
}

function toSymbol(document: TextDocument, entry: OutlineEntry, kind: SymbolKind): DocumentSymbol {
  return {
    name: entry.name,
    detail: entry.detail,
    kind,
    range: toRange(document, entry),
    selectionRange: toRange(document, entry.selection),
    children: entry.children.map((child) => toSymbol(document, child, SymbolKind.Function)),
  };
}

function toActions(document: TextDocument, diagnosed: Diagnosed): CodeAction[] {
  return findFixes(diagnosed).map(({ title, edits }, index) => ({
    title,
    kind: CodeActionKind.QuickFix,
    diagnostics: [toDiagnostic(document, diagnosed)],
    isPreferred: index === 0,
    edit: { changes: { [document.uri]: toEdits(document, edits) } },
  }));
}
