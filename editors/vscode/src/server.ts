// The language server that the extension contains: that of `orchestration-gate lsp`.
import { serveOverStdio } from '../../../src/lsp/main.ts';

void serveOverStdio(process);
