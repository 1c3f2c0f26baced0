import { readFileSync } from 'node:fs';
import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { runHelm } from '../../scripts/charts.ts';
import { readSettings } from '../support/controlplane/settings.ts';
import { resolveTools } from '../support/controlplane/tools.ts';

const root = join(import.meta.dirname, '../..');
const chart = 'charts/orchestration-gate';
const defaults = parse(readFileSync(join(root, chart, 'values.yaml'), 'utf8'));
const { properties = {} } = JSON.parse(readFileSync(join(root, chart, 'values.schema.json'), 'utf8')) as Schema;

type Values = Readonly<Record<string, unknown>>;

interface Schema {
  readonly type?: string;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
}

/** Enables everything that adds something to the rendered objects. */
const all = {
  orchestrationController: { enabled: true, namespaces: ['agents'] },
  toolRunController: { enabled: true },
  metrics: { serviceMonitor: { enabled: true }, prometheusRule: { enabled: true }, dashboards: { enabled: true } },
  networkPolicy: { enabled: true },
};
const named = { toolRunController: { enabled: true, allowedServiceAccounts: ['tools'] } };
const contexts: Readonly<Record<string, Values>> = {
  'with an authority of its own': {
    ...all,
    serviceAccount: { name: 'gate' },
    certificates: { certManager: { issuerRef: { name: '' } }, provided: { secretName: '' } },
  },
  'with cert-manager': { ...all, ...named, certificates: { mode: 'certManager', provided: { secretName: '' } } },
  'with a certificate that is provided': {
    ...all,
    ...named,
    certificates: { mode: 'provided', certManager: { issuerRef: { name: '' } } },
  },
};

/** Texts that mean something to YAML, JSON, a shell, CEL or Helm, or that are not strings in YAML without quotes. */
const hostile = [
  'a\nhostPID: true\n---\nkind: Secret',
  'a: b',
  'a #b',
  '\'"',
  '"}], x: [{"',
  '" || true || "',
  '- a',
  '{{ fail "templated" }}',
  '*a',
  '!!binary a',
  '123',
  '0x1f',
  '1e3',
  'true',
  'null',
  '~',
];
const PLAIN = 'plain';

describe('a string among the values', () => {
  let helm: string;
  beforeAll(async () => {
    ({ helm } = await resolveTools(readSettings(process.env)));
  });

  async function render(text: string, context: object): Promise<readonly string[]> {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'values-'));
    const values = override(fill({ properties }, defaults, text), context);
    const file = join(folder.path, 'values.json');
    await writeFile(file, JSON.stringify(values));
    const { output, isDone } = await runHelm(root, helm, [
      'template',
      'gate',
      chart,
      '--namespace',
      '1e3',
      '--values',
      file,
    ]);
    if (!isDone) throw new Error(output);
    const documents = parseAllDocuments(output).map((document) => document.toJS());
    return documents.flatMap((document, i) => pathsOf(document, text, `${i}`)).sort();
  }

  for (const [title, context] of Object.entries(contexts))
    describe(title, () => {
      let plain: readonly string[];
      beforeAll(async () => {
        plain = await render(PLAIN, context);
      });
      it.each(hostile)('changes nothing but itself: %j', async (text) => {
        expect(await render(text, context)).toEqual(plain);
      });
      it('is one also where it names the release or its namespace, and looks like a number', () => {
        expect(plain.filter((path) => /\.(name|namespace|instance): (?!string)/.test(path))).toEqual([]);
      });
    });
});

/** Returns the values with this text wherever the schema accepts it. */
function fill(schema: Schema, value: unknown, text: string): unknown {
  const { type, properties: known, additionalProperties: others, items } = schema;
  if (type === 'string') return [text, PLAIN].find((one) => isTaken(one, schema)) ?? value;
  if (items?.type === 'string' || items?.properties) return [fill(items, undefined, text)];
  if (known)
    return Object.fromEntries(
      Object.entries(known)
        .map(([key, child]) => [key, fill(child, asValues(value)[key], text)])
        .filter(([, filled]) => filled !== undefined),
    );
  return typeof others === 'object' ? { ...asValues(value), [text]: text } : value;
}

function isTaken(text: string, { pattern = '', minLength = 0, maxLength = Number.POSITIVE_INFINITY }: Schema): boolean {
  return new RegExp(pattern, 'u').test(text) && text.length >= minLength && text.length <= maxLength;
}

function override(values: unknown, by: unknown): unknown {
  if (typeof by !== 'object' || by === null || Array.isArray(by)) return by;
  const merged = Object.entries(by).map(([key, value]) => [key, override(asValues(values)[key], value)]);
  return { ...asValues(values), ...Object.fromEntries(merged) };
}

/** Returns the path and the type of each value. */
function pathsOf(value: unknown, text: string, path: string): readonly string[] {
  if (typeof value !== 'object' || value === null) return [`${path}: ${value === null ? 'null' : typeof value}`];
  return Object.entries(value).flatMap(([key, child]) => pathsOf(child, text, `${path}.${key === text ? PLAIN : key}`));
}

function asValues(value: unknown): Values {
  return typeof value === 'object' && value !== null ? (value as Values) : {};
}
