import type { Webhook } from '../../src/admission/answer.ts';
import { BODY_LIMIT_BYTES } from '../../src/admission/capacity.ts';
import type { Random } from '../fuzz/random.ts';
import { API_VERSION } from '../support/reviews.ts';

/** The most that the gate reads, less the envelope. */
export const LARGEST_BYTES = BODY_LIMIT_BYTES - 1000;

/** How to make a body, so that a case of any size is a line. */
export interface Recipe {
  readonly webhook: Webhook;
  readonly kind: 'Orchestration' | 'OrchestrationRun';
  /** An UPDATE carries the object twice; `changed` is an UPDATE in which the old one ends differently. */
  readonly operation: 'CREATE' | 'UPDATE' | 'changed';
  /** The approximate size of the whole body. */
  readonly bytes: number;
  /** How many steps there are, each with a name and a kind in addition to what the parts put in. */
  readonly steps: number;
  /** What is where. The parts share the bytes. */
  readonly parts: readonly Part[];
}

interface Part {
  readonly place: keyof typeof places;
  readonly filler: keyof typeof fillers;
  /** Entries in one list or map at most; dependencies have a limit of their own. */
  readonly most: number;
}

/** Repeats `text(0), text(1), …` up to so many bytes and entries. */
function fill(open: string, close: string, text: (index: number) => string) {
  return (bytes: number, most: number, first: number): string => {
    const entries: string[] = [];
    for (let index = 0, left = bytes; left > 0 && index < most; index++) {
      const entry = text(first + index);
      entries.push(entry);
      left -= entry.length + 1;
    }
    return `${open}${entries.join()}${close}`;
  };
}

const nest = (open: string, close: string) => (bytes: number) => {
  const levels = Math.max(1, Math.floor(bytes / (open.length + close.length)));
  return `${open.repeat(levels)}0${close.repeat(levels)}`;
};

const repeat = (text: string) => (bytes: number) => `"${text.repeat(bytes / text.length)}"`;

/** JSON values of any size; `first` makes the words and keys of one step differ from those of another. */
const fillers = {
  objects: fill('[', ']', () => '{}'),
  lists: fill('[', ']', () => '[]'),
  nulls: fill('[', ']', () => 'null'),
  zeros: fill('[', ']', () => '0'),
  fractions: fill('[', ']', () => '.5e9'.replace('.', '1.')),
  emptyTexts: fill('[', ']', () => '""'),
  words: fill('[', ']', (index) => `"w${index.toString(36)}"`),
  longWords: fill('[', ']', (index) => `"process-step-${index}"`),
  oneWord: fill('[', ']', () => '"s1"'),
  otherSteps: fill('[', ']', (index) => `"s${(index * 7919) % 1000}"`),
  shapes: fill('[', ']', (index) => `{"k${index.toString(36)}":0}`),
  prototypes: fill('[', ']', () => '{"__proto__":0}'),
  stepsWithoutName: fill('[', ']', () => '{"kind":"A"}'),
  keys: fill('{', '}', (index) => `"k${index.toString(36)}":0`),
  textKeys: fill('{', '}', (index) => `"k${index.toString(36)}":""`),
  nullKeys: fill('{', '}', (index) => `"k${index.toString(36)}":null`),
  objectKeys: fill('{', '}', (index) => `"k${index.toString(36)}":{}`),
  misspeltKeys: fill('{', '}', (index) => `"dependson${index.toString(36)}":0`),
  sameMisspeltKeys: fill('{', '}', (index) => `"depends${'_'.repeat(1 + (index % 30))}on":0`),
  numberKeys: fill('{', '}', (index) => `"${index}":{}`),
  deepLists: nest('[', ']'),
  deepMaps: nest('{"a":', '}'),
  text: repeat('x'),
  escapes: repeat('\\u0007'),
  condition: (bytes: number) => `"${"parameters.a=='b'||".repeat(Math.min(bytes, 1000) / 17)}true"`,
  pattern: (_: number, __: number, first: number) => `"parameters.a.matches('(a${first}){400}')"`,
  placeholders: repeat('${{run.uid}}'),
  strangers: repeat('${{ github.sha }} '),
  jsonPlaceholders: (bytes: number) => JSON.stringify(`[${'"${{run.uid}}",'.repeat(bytes / 18)}""]`),
  expressionKeys: fill('{', '}', (index) => `"o${index.toString(36)}":"child.a"`),
  brokenKeys: fill('{', '}', (index) => `"o${index.toString(36)}":"chil.a"`),
  declarations: fill('{', '}', (index) => `"p${index}":{"pattern":"(a${index}){400}","default":"${'a'.repeat(500)}"}`),
  jsonObjects: (bytes: number) => JSON.stringify(`{"name":[${'{},'.repeat(bytes / 3)}{}]}`),
  jsonKeys: (bytes: number) => JSON.stringify(`{${Array.from({ length: bytes / 9 }, (_, index) => `"${index}":0`)}}`),
} as const satisfies Record<string, (bytes: number, most: number, first: number) => string>;

/** Where a value may stand: once, or in each step. */
const places = {
  steps: 'list',
  policies: 'spec',
  policy: 'spec',
  entrypoint: 'spec',
  unknown: 'spec',
  orchestrationRef: 'spec',
  parameters: 'spec',
  'policies.parameters': 'spec',
  annotations: 'metadata',
  name: 'metadata',
  step: 'each',
  dependsOn: 'each',
  with: 'each',
  'with.text': 'each',
  'with.agentRef': 'each',
  'with.implementation': 'each',
  'with.orchestrationRef': 'each',
  stepName: 'each',
  kindOfStep: 'each',
  retries: 'each',
  toolRef: 'each',
  when: 'each',
  outputs: 'each',
  field: 'each',
  fields: 'each',
  labels: 'each',
} as const;

const kinds = ['ToolRun', 'AgentRun', 'SubOrchestration', 'Checkpoint'];

/** The text of a review. */
export function makeBody(recipe: Recipe): string {
  const { kind, operation, bytes } = recipe;
  const object = makeObject(recipe, operation === 'CREATE' ? bytes : bytes / 2);
  const old = operation === 'changed' ? object.replace(/\}\}$/, ',"end":1}}') : object;
  return `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u",${[
    `"kind":{"group":"orchestration.proompteng.ai","version":"v1alpha1","kind":"${kind}"}`,
    `"operation":"${operation === 'CREATE' ? 'CREATE' : 'UPDATE'}"`,
    ...[`"object":${object}`, ...(operation === 'CREATE' ? [] : [`"oldObject":${old}`])],
  ].join()}}}`;
}

function makeObject({ kind, steps, parts }: Recipe, bytes: number): string {
  const share = bytes / Math.max(1, parts.length);
  const value = ({ filler, most }: Part, of: number, first = 0) => fillers[filler](Math.max(1, of), most, first);
  const once = (where: string) => parts.filter(({ place }) => places[place] === where);
  const each = once('each');
  const list = Array.from({ length: steps }, (_, index) => {
    const fields = each.map((part) => writeField(part.place, value(part, share / steps - 40, index * 1000)));
    const odd = fields.find((field) => field.startsWith('!'));
    if (odd !== undefined) return odd.slice(1);
    return `{"name":"s${index}","kind":"${kinds[index % kinds.length]}"${fields.map((field) => `,${field}`).join('')}}`;
  });
  const whole = once('list').map((part) => value(part, share));
  const spec = [
    ...once('spec').map((part) => writeField(part.place, value(part, share))),
    `"steps":${whole[0] ?? `[${list}]`}`,
  ];
  const metadata = ['"name":"n"', ...once('metadata').map((part) => writeField(part.place, value(part, share)))];
  return `{"apiVersion":"${API_VERSION}","kind":"${kind}","metadata":{${metadata}},"spec":{${spec}}}`;
}

/** A field and its value. What stands for a whole step is marked by `!`. */
function writeField(place: Part['place'], value: string): string {
  if (place === 'step') return `!${value}`;
  if (place === 'fields') return value.replace(/^\{|\}$/g, '');
  if (place === 'labels') return `"implementation":{"inline":{"labels":${value}}}`;
  if (place === 'policies.parameters') return `"policies":{"parameters":${value}}`;
  if (place === 'policy') return `"policies":{"a":${value}}`;
  if (place === 'stepName') return `"name":${value}`;
  if (place === 'kindOfStep') return `"kind":${value}`;
  if (place.startsWith('with.')) return `"with":{"${place.slice(5)}":${value}}`;
  return `"${place}":${value}`;
}

export function anyRecipe(random: Random): Recipe {
  return {
    webhook: random.isIn100(75) ? 'validate' : 'mutate',
    kind: random.isIn100(85) ? 'Orchestration' : 'OrchestrationRun',
    operation: random.pick(['CREATE', 'CREATE', 'UPDATE', 'changed']),
    bytes: random.isIn100(50) ? LARGEST_BYTES : Math.ceil((LARGEST_BYTES * (1 + random.int(99))) / 100),
    steps: random.pick([1, 2, 30, 300, 999, 1000]),
    parts: Array.from({ length: 1 + random.int(3) }, () => anyPart(random)),
  };
}

function anyPart(random: Random): Part {
  return {
    place: random.pick(Object.keys(places) as Part['place'][]),
    filler: random.pick(Object.keys(fillers) as Part['filler'][]),
    most: random.pick([256, 256, 1001, 100_000, 300_000, 900_000]),
  };
}

/** A recipe with something changed. */
export function changeRecipe(random: Random, recipe: Recipe): Recipe {
  const other = anyRecipe(random);
  const field = random.pick(Object.keys(recipe) as (keyof Recipe)[]);
  if (field !== 'parts') return { ...recipe, [field]: other[field] };
  const at = random.int(recipe.parts.length + 1);
  const parts = recipe.parts.toSpliced(at, random.int(2), ...(random.isIn100(70) ? [anyPart(random)] : []));
  return { ...recipe, parts: parts.length > 0 ? parts : other.parts };
}
