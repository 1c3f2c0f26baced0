import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { createMessageConnection, StreamMessageReader, StreamMessageWriter } from 'vscode-jsonrpc/node';
import type {
  CodeAction,
  CompletionItem,
  Diagnostic,
  DocumentSymbol,
  Hover,
  Location,
  TextEdit,
} from 'vscode-languageserver';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { MAIN } from './cli.ts';

/** An editor that speaks the Language Server Protocol to `orchestration-gate lsp`, a process of its own. */
export interface Editor {
  readonly process: ChildProcess;
  /** Opens a text, in which `‸` marks the cursor. */
  readonly open: (text: string) => OpenText;
  /** Ends the server as the protocol says. Returns its exit code. */
  readonly end: () => Promise<number | null>;
}

/** A text that is open in an editor. */
export interface OpenText {
  readonly text: () => string;
  /** Replaces the first occurrence of a word. */
  readonly change: (from: string, to: string) => void;
  /** Waits for the diagnostics of the text as it is now. */
  readonly diagnostics: () => Promise<readonly Diagnostic[]>;
  /** Diagnostics, as `CODE text`: the part of the text that each marks. */
  readonly marks: () => Promise<readonly string[]>;
  /** How often diagnostics came. */
  readonly publishedCount: () => number;
  readonly complete: () => Promise<readonly CompletionItem[]>;
  /** The text with a completion applied. */
  readonly accept: (label: string) => Promise<string>;
  readonly define: () => Promise<string | undefined>;
  readonly hover: () => Promise<string | undefined>;
  readonly outline: () => Promise<readonly DocumentSymbol[]>;
  /** The quick fixes where the cursor is. */
  readonly actions: () => Promise<readonly CodeAction[]>;
  readonly apply: (action: CodeAction) => string;
  readonly close: () => void;
}

const CURSOR = '‸';

/** Starts the server of the command line. End it with `end`, also if a test failed. */
export function startEditor(): Promise<Editor> {
  return connectEditor(spawn(process.execPath, [MAIN, 'lsp', '--stdio'], { stdio: ['pipe', 'pipe', 'inherit'] }));
}

/** Connects to a server that was started, and initializes it. */
export async function connectEditor(child: ChildProcessByStdio<Writable, Readable, null>): Promise<Editor> {
  const connection = createMessageConnection(
    new StreamMessageReader(child.stdout),
    new StreamMessageWriter(child.stdin),
  );
  const published = new Map<string, { version?: number; diagnostics: Diagnostic[]; count: number }>();
  const waiting = new Set<() => void>();
  connection.onNotification(
    'textDocument/publishDiagnostics',
    ({ uri, version, diagnostics }: { uri: string; version?: number; diagnostics: Diagnostic[] }) => {
      const count = (published.get(uri)?.count ?? 0) + 1;
      published.set(uri, { ...(version !== undefined && { version }), diagnostics, count });
      for (const check of waiting) check();
    },
  );
  connection.listen();
  await connection.sendRequest('initialize', { processId: process.pid, rootUri: null, capabilities: {} });
  await connection.sendNotification('initialized', {});
  let count = 0;

  const open = (marked: string): OpenText => {
    count += 1;
    const uri = `file:///manifests/${count}.yaml`;
    const at = marked.indexOf(CURSOR);
    let document = TextDocument.create(uri, 'yaml', 1, marked.replace(CURSOR, ''));
    const position = () => document.positionAt(at);
    const ask = <T>(method: string, parameters: object = {}): Promise<T> =>
      connection.sendRequest(`textDocument/${method}`, { textDocument: { uri }, ...parameters });
    const tell = (method: string, parameters: object) =>
      void connection.sendNotification(`textDocument/${method}`, parameters);
    const diagnostics = () =>
      new Promise<readonly Diagnostic[]>((resolve) => {
        const check = () => {
          const found = published.get(uri);
          if (found?.version !== document.version) return;
          waiting.delete(check);
          resolve(found.diagnostics);
        };
        waiting.add(check);
        check();
      });
    const complete = () => ask<CompletionItem[]>('completion', { position: position() });
    const range = (part: { range: Diagnostic['range'] }) => document.getText(part.range);
    tell('didOpen', { textDocument: { uri, languageId: 'yaml', version: 1, text: document.getText() } });
    return {
      text: () => document.getText(),
      change: (from, to) => {
        const start = document.getText().indexOf(from);
        const changed = { start: document.positionAt(start), end: document.positionAt(start + from.length) };
        const contentChanges = [{ range: changed, text: to }];
        document = TextDocument.update(document, contentChanges, document.version + 1);
        tell('didChange', { textDocument: { uri, version: document.version }, contentChanges });
      },
      diagnostics,
      marks: async () => (await diagnostics()).map((one) => `${one.code} ${range(one)}`),
      publishedCount: () => published.get(uri)?.count ?? 0,
      complete,
      accept: async (label) => {
        const items = await complete();
        const item = items.find((one) => one.label === label);
        if (item?.textEdit === undefined)
          throw new Error(`${label} is not offered, but ${items.map((one) => one.label)}`);
        return TextDocument.applyEdits(document, [item.textEdit as TextEdit, ...(item.additionalTextEdits ?? [])]);
      },
      define: async () => {
        const found = await ask<Location | null>('definition', { position: position() });
        return found === null ? undefined : `${found.range.start.line + 1}: ${range(found)}`;
      },
      hover: async () => {
        const found = await ask<Hover | null>('hover', { position: position() });
        return found === null ? undefined : (found.contents as { value: string }).value;
      },
      outline: () => ask('documentSymbol'),
      actions: () => ask('codeAction', { range: { start: position(), end: position() }, context: { diagnostics: [] } }),
      apply: ({ edit }) => TextDocument.applyEdits(document, edit?.changes?.[uri] ?? []),
      close: () => tell('didClose', { textDocument: { uri } }),
    };
  };
  return {
    process: child,
    open,
    end: async () => {
      const exited = once(child, 'exit');
      await connection.sendRequest('shutdown');
      await connection.sendNotification('exit');
      await exited;
      connection.dispose();
      return child.exitCode;
    },
  };
}
