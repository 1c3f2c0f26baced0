import { createConnection, ProposedFeatures } from 'vscode-languageserver/node';
import { serveEditor } from './server.ts';

/** Serves the editor that started this process, over standard input and output, until it says `exit` or is gone. */
export async function serveOverStdio({ stdin, stdout }: NodeJS.Process): Promise<void> {
  const connection = createConnection(ProposedFeatures.all, stdin, stdout);
  serveEditor(connection, (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  });
  connection.listen();
  await new Promise(() => {});
}
