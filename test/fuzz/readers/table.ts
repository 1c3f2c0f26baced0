// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders look like this
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments, stringify } from 'yaml';

const root = join(import.meta.dirname, '../../..');

/** What is fuzzed: the module `targets/NAME.ts`. */
export interface Target {
  readonly name: string;
  /** Whether `fuzz` returns no promise, which is faster. */
  readonly isSync: boolean;
  /** Where the fuzzer begins. */
  readonly seeds: readonly string[];
  /** The words that the fuzzer inserts. */
  readonly words: readonly string[];
}

const manifests = globSync(join(root, 'examples/{.,rejected,warned}/*.yaml'))
  .toSorted()
  .map((file) => readFileSync(file, 'utf8'))
  .filter((text) => text.length < 1500);

const conditions = manifests.flatMap((text) =>
  [...text.matchAll(/\bwhen: (.+)/g)].map(([, condition = '']) => condition),
);
const placeholders = manifests.flatMap((text) =>
  [...text.matchAll(/\$\{\{(.+?)\}\}/g)].map(([, inside = '']) => inside),
);

const anchored = `apiVersion: orchestration.proompteng.ai/v1alpha1
kind: List
items:
- &base {apiVersion: orchestration.proompteng.ai/v1alpha1, kind: Orchestration, metadata: {name: a}, spec: &spec {steps: []}}
- <<: *base
  metadata: {name: b, name: c}
- {<<: [*base], spec: {<<: *spec, steps: &s [{name: x, kind: Checkpoint, dependsOn: [0o17, yes, 1_0, ~]}], steps: *s}}
...
---
{"a": 1}{"b": [2, {"c": "\\ud83d\\ude00"}]}
`;

const kubeconfig = {
  apiVersion: 'v1',
  kind: 'Config',
  'current-context': 'x',
  clusters: [{ name: 'c', cluster: { server: 'https://api:6443/', 'certificate-authority-data': 'Y2E=' } }],
  users: [
    { name: 'u', user: { token: 't', username: 'me', password: 'pw', as: 'other', 'client-key-data': 'a2V5' } },
    { name: 'v', user: { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: 'login' } } },
  ],
  contexts: [
    { name: 'x', context: { cluster: 'c', user: 'u', namespace: 'ci' } },
    { name: 'y', context: { cluster: 'c', user: 'v' } },
  ],
};

const yamlWords = [
  '- ',
  ': ',
  '? ',
  '|',
  '>-',
  '&a ',
  '*a',
  '<<: *a',
  '---\n',
  '...\n',
  '!!str ',
  '#',
  '"',
  "'",
  '{',
  '}',
  '[',
  ']',
  '\t',
];
const expressionWords = [
  ...[
    'parameters.',
    'steps.build.outputs.',
    'child.',
    'run.',
    'has(',
    'size(',
    '.matches(',
    '.filter(x, ',
    '.exists(x, ',
  ],
  ...[
    '&&',
    '||',
    ' in ',
    ' ? ',
    '["',
    '"]',
    '9223372036854775807',
    'true',
    'null',
    '${{',
    '}}',
    'r"',
    '\\u0000',
    '{1: 2}',
  ],
];

export const targets: readonly Target[] = [
  {
    name: 'manifests',
    isSync: true,
    seeds: [...manifests, ...manifests.flatMap(toJson), anchored],
    words: [...yamlWords, 'dependsOn', 'OrchestrationRun', '__proto__', '1e999', '0x1F', 'off', '\\ud83d', '${{'],
  },
  {
    name: 'kubeconfig',
    isSync: false,
    seeds: [JSON.stringify(kubeconfig), stringify(kubeconfig)],
    words: [...yamlWords, 'contexts', 'insecure-skip-tls-verify', 'proxy-url', '__proto__', 'http:', 'tokenFile'],
  },
  {
    name: 'template',
    isSync: true,
    seeds: [
      'echo {{parameters.x}}\0hello',
      '$(HOME) $$(x) $\0$(\0)',
      '$(TO{{parameters.y}})\0a\0KEN',
      '{{ tool . spec . args }}',
    ],
    words: [
      '{{',
      '}}',
      '$(',
      ')',
      '$$',
      'parameters.x',
      'parameters.y',
      'parameters.with space',
      'tool.spec.args',
      'HOME',
    ],
  },
  {
    name: 'expressions',
    isSync: true,
    seeds: [
      ...conditions.map((text) => `b\0${text}\0value`),
      ...placeholders.map((text) => `s\0${text}\0value\0{"list":[1,"a"],"n":9007199254740993,"constructor":"c"}`),
      's\0child.list.filter(x, x != "a").map(x, string(x) + parameters.nasty)\0"}',
    ],
    words: expressionWords,
  },
];

function toJson(text: string): string[] {
  return parseAllDocuments(text, { logLevel: 'silent', strict: false, uniqueKeys: false }).flatMap((document) =>
    document.errors.length > 0 ? [] : [JSON.stringify(document.toJS())],
  );
}
