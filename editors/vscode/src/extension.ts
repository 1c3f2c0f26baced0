import { type ExtensionContext, workspace } from 'vscode';
import { LanguageClient, type ServerOptions, TransportKind } from 'vscode-languageclient/node';

/** Starts the language server for YAML. It leaves files alone that hold no Orchestration and no OrchestrationRun. */
export async function activate(context: ExtensionContext): Promise<void> {
  const command = workspace.getConfiguration('orchestrationGate').get<string>('command', '').trim();
  const server: ServerOptions =
    command === ''
      ? { module: context.asAbsolutePath('dist/server.cjs'), transport: TransportKind.stdio }
      : { command, args: ['lsp'], transport: TransportKind.stdio };
  const client = new LanguageClient('orchestrationGate', 'Orchestration Gate', server, {
    documentSelector: [{ language: 'yaml' }],
  });
  context.subscriptions.push({ dispose: () => void client.stop() });
  await client.start();
}
