import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';

/** Who may import whom, by folder or, for what connects two of them, by file. `main.ts` files wire, and may import everything. */
const imports: Readonly<Record<string, { readonly src: readonly string[]; readonly outside: readonly string[] }>> = {
  dag: { src: [], outside: [] },
  orchestration: { src: ['dag'], outside: ['ajv', 'json-schema-to-ts'] },
  admission: { src: ['dag', 'orchestration'], outside: ['fastify'] },
  kube: { src: ['dag', 'orchestration'], outside: ['@kubernetes/client-node', 'undici', 'node:'] },
  engine: { src: ['kube', 'reconciler', 'supervisor'], outside: [] },
  release: { src: ['kube', 'reconciler'], outside: [] },
  reconciler: { src: ['dag', 'orchestration'], outside: [] },
  supervisor: { src: [], outside: ['node:'] },
  toolrun: { src: ['orchestration'], outside: [] },
  certificates: { src: ['tls'], outside: [] },
  tls: { src: [], outside: ['node-forge', 'node:'] },
  runtime: { src: [], outside: ['pino', 'prom-client', 'node:'] },
  drawing: { src: ['dag', 'orchestration'], outside: ['@dagrejs/dagre'] },
  cli: { src: ['dag', 'orchestration', 'drawing', 'reconciler', 'tls'], outside: ['yaml', 'node:'] },
  'cli/cluster/kube-cluster.ts': { src: ['kube', 'orchestration'], outside: ['node:'] },
  ui: { src: ['dag', 'orchestration', 'drawing'], outside: ['node:'] },
};

const files = globSync('src/**/*.ts').filter((file) => !file.endsWith('main.ts'));

function importsOf(file: string): string[] {
  const source = readFileSync(file, 'utf8');
  return [...source.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map(([, specifier]) => specifier ?? '');
}

describe('the import table', () => {
  test.each(files)('%s imports only what its folder may', (file) => {
    const folder = relative('src', dirname(file)).split('/')[0] ?? '';
    const allowed = imports[relative('src', file)] ?? imports[folder];
    expect(allowed, `src/${folder} is not in the table`).toBeDefined();
    const strangers = importsOf(file).filter((specifier) => {
      if (!specifier.startsWith('.'))
        return !allowed?.outside.some(
          (name) => specifier === name || (name.endsWith(':') && specifier.startsWith(name)),
        );
      const target = relative('src', join(dirname(file), specifier)).split('/')[0] ?? '';
      return target !== folder && !allowed?.src.includes(target);
    });
    expect(strangers).toEqual([]);
  });

  test.each(files)('%s leaves environment, arguments, clock and exit to main.ts', (file) => {
    const source = readFileSync(file, 'utf8');
    expect(
      source.match(/\bprocess\.(env|argv|exit)\b|\bDate\.now\(|\bnew Date\(\)|\bperformance\.now\(/g) ?? [],
    ).toEqual([]);
  });
});
