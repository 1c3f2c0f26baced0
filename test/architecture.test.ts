import { globSync, readFileSync } from 'node:fs';
import { dirname, posix } from 'node:path';
import { describe, expect, test } from 'vitest';

/**
 * Entry points connect the parts, and may import everything. Only they read the environment, the arguments and the
 * clock, and only they exit.
 */
const entryPoints: readonly string[] = [
  'src/main.ts',
  'src/admission/main.ts',
  'src/certificates/main.ts',
  'src/engine/main.ts',
  'src/lsp/main.ts',
  'src/release/main.ts',
  'src/supervisor/main.ts',
  'src/ui/main.ts',
  'src/ui/page/main.ts',
];

interface Row {
  readonly src: readonly string[];
  /** Packages. `node:` stands for all modules of Node. */
  readonly outside: readonly string[];
}

/** What may import what, by folder or file. The row with the longest matching path applies to a file. */
const imports: Readonly<Record<string, Row>> = {
  // Decisions: no kind of I/O.
  objects: { src: [], outside: ['node:crypto'] },
  dag: { src: [], outside: [] },
  expressions: { src: ['dag'], outside: ['@marcbachmann/cel-js', 're2js'] },
  orchestration: { src: ['objects', 'dag', 'expressions'], outside: ['ajv', 'json-schema-to-ts'] },
  reconciler: { src: ['objects', 'dag', 'expressions', 'orchestration', 'quarantine'], outside: [] },
  toolrun: { src: ['objects', 'orchestration'], outside: [] },
  audit: { src: ['objects', 'orchestration'], outside: [] },
  certificates: { src: ['objects', 'tls'], outside: [] },
  drawing: { src: ['dag', 'orchestration'], outside: ['@dagrejs/dagre'] },
  // The world outside: connections, files, processes, formats.
  kube: { src: ['objects', 'orchestration'], outside: ['openid-client', 'undici', 'yaml', 'node:'] },
  tls: { src: [], outside: ['node-forge', 'node:'] },
  runtime: { src: [], outside: ['pino', 'prom-client', 'node:'] },
  admission: { src: ['dag', 'orchestration'], outside: ['fastify'] },
  quarantine: { src: ['objects', 'orchestration', 'kube'], outside: [] },
  telemetry: { src: ['objects', 'orchestration', 'kube', 'telemetry/post.ts'], outside: [] },
  'telemetry/otlp.ts': {
    src: ['objects', 'telemetry', 'telemetry/post.ts'],
    outside: ['@opentelemetry/api', '@opentelemetry/otlp-transformer', '@opentelemetry/resources'],
  },
  'telemetry/post.ts': { src: ['objects'], outside: ['undici'] },
  supervisor: { src: ['orchestration', 'quarantine'], outside: ['node:'] },
  division: { src: ['objects', 'orchestration', 'kube'], outside: ['node:crypto'] },
  // Adapters: they connect the ports of a decision to the world.
  engine: {
    src: [
      ...['objects', 'orchestration', 'audit', 'kube', 'quarantine', 'reconciler', 'runtime', 'supervisor', 'toolrun'],
      ...['telemetry', 'telemetry/otlp.ts', 'telemetry/post.ts', 'division'],
    ],
    outside: [],
  },
  'certificates/cluster': { src: ['objects', 'orchestration', 'certificates', 'kube', 'tls'], outside: [] },
  release: { src: ['objects', 'kube', 'division', 'reconciler'], outside: [] },
  'cli/cluster/kube-cluster.ts': { src: ['objects', 'dag', 'orchestration', 'kube', 'cli'], outside: ['node:'] },
  // What people see.
  cli: {
    src: ['objects', 'dag', 'expressions', 'orchestration', 'drawing', 'reconciler', 'tls'],
    outside: ['yaml', 'node:'],
  },
  lsp: {
    src: ['dag', 'expressions', 'orchestration', 'cli'],
    outside: ['vscode-languageserver', 'vscode-languageserver-textdocument', 'yaml'],
  },
  ui: {
    src: [
      ...['objects', 'dag', 'expressions', 'orchestration', 'drawing', 'kube', 'reconciler', 'ui/page'],
      // The page does what the verbs of the command line do.
      ...['cli', 'cli/cluster/kube-cluster.ts'],
    ],
    outside: ['esbuild', 'fastify', 'node:'],
  },
  'ui/page': { src: [], outside: ['@preact/signals', 'd3-selection', 'd3-zoom', 'preact', 'preact/hooks'] },
};

const files = globSync('src/**/*.{ts,tsx}').filter((file) => !entryPoints.includes(file));

/** The name of the row that applies to a file below `src/`. */
function rowOf(path: string): string | undefined {
  const rows = Object.keys(imports).filter((name) => `${path}/`.startsWith(`src/${name}/`));
  return rows.toSorted((one, other) => other.length - one.length)[0];
}

/**
 * Returns the imports of a file that its row does not allow. The formatter writes each import in one of the forms of
 * `literal`. The forms of `computed` are never allowed.
 */
function findStrangers(file: string, source: string): readonly string[] {
  const row = rowOf(file) ?? '';
  const { src, outside } = imports[row] ?? { src: [], outside: [] };
  const literal = [...source.matchAll(/(?<!')\b(?:from|import) ?\(?'([^']+)'/g)].map(
    ([, specifier]) => specifier ?? '',
  );
  const computed = [...source.matchAll(/\bimport\([^')]*\)|\brequire\(/g)].map(([text]) => text);
  const isStranger = (specifier: string) => {
    const names = [specifier, specifier.replace(/^node:.*/, 'node:')];
    if (!specifier.startsWith('.')) return !names.some((name) => outside.includes(name));
    const target = rowOf(posix.join(dirname(file), specifier)) ?? '';
    return target !== row && !src.includes(target);
  };
  return [...literal.filter(isStranger), ...computed];
}

/** Returns the expressions with which a file uses the process or the clock. */
function findImpurities(source: string): readonly string[] {
  const forms =
    /'node:(?:process|perf_hooks)'|\bprocess(?:\??\.\w+|\[)|= process;|\bDate\.now\b|\bDate\(\)|\bnew Date\b(?!\()|\bperformance\.\w+/g;
  return [...source.matchAll(forms)].map(([text]) => text);
}

describe('the import table', () => {
  test.each(entryPoints)('names the entry point %s, which exists', (file) => {
    expect(() => readFileSync(file)).not.toThrow();
  });

  test.each(files)('%s imports only what its folder may', (file) => {
    expect(rowOf(file), `${file} is in no row`).toBeDefined();
    expect(findStrangers(file, readFileSync(file, 'utf8'))).toEqual([]);
  });

  test.each(files)('%s leaves environment, arguments, clock and exit to the entry points', (file) => {
    expect(findImpurities(readFileSync(file, 'utf8'))).toEqual([]);
  });
});

describe('the test of imports finds', () => {
  test.each([
    "import { createQueue } from '../kube/queue.ts';",
    "import type { Queue } from '../kube/queue.ts';",
    "export * from '../kube/queue.ts';",
    "import '../kube/queue.ts';",
    "const queue = await import('../kube/queue.ts');",
    "type Queue = import('../kube/queue.ts').Queue;",
    'const queue = await import(name);',
    "const { env } = require('process');",
    "import { readFile } from 'node:fs/promises';",
    "import { connectRotation } from '../certificates/cluster/connect.ts';",
    "import { domain } from '../domain.ts';",
  ])('%s', (source) => {
    expect(findStrangers('src/certificates/planted.ts', source)).not.toEqual([]);
  });

  test.each([
    "import { env } from 'node:process';",
    "import { performance } from 'node:perf_hooks';",
    'const { env } = process;',
    "const home = process.env['HOME'];",
    'const args = process.argv;',
    'process.exit(1);',
    'const clock = { now: Date.now };',
    'const now = new Date();',
    'const now = new Date;',
    'const startMs = performance.now();',
  ])('%s', (source) => {
    expect(findImpurities(source)).not.toEqual([]);
  });
});
