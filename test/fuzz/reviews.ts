import { modes } from '../../src/orchestration/settings.ts';
import { orchestration, orchestrationRun, review } from '../support/reviews.ts';
import type { Random } from './random.ts';

/** What a client sends, and the mode of the gate it is sent to. */
export interface FuzzInput {
  readonly webhook: 'validate' | 'mutate';
  readonly mode: (typeof modes)[number];
  readonly body: string | Buffer;
}

// What objects cannot hold, or not cheaply, is written as a placeholder and put into the text at the end.
const PROTO = '@proto@';
const DEEP = '@deep@';
const LONG = '@long@';
const MANY = '@many@';

const names = ['a', 'b', 'c', 'd', 'build', 'biuld', PROTO, 'constructor', 'Ünïcode 😀', '\u0000\n\u202e', '"\\'];
const kinds = ['Checkpoint', 'AgentRun', 'SubOrchestration', 'ToolRun', 'Nonsense'];
const junk: readonly unknown[] = [
  ...[null, 0, -1, 1.5, 1e300, true, '', 'a', 'b', '\ud800', 'nightly', 'UPDATE', 'Orchestration', LONG, MANY, DEEP],
  ...[[], {}, [null], [[]], { name: 1 }, { name: null }, { [PROTO]: { a: 1 } }, { constructor: { prototype: {} } }],
];
const misspelt = ['depends_on', 'needs', 'timeOutSeconds', 'toolref', 'with_'];
const structured = ['implementation', 'goal', 'runtime', 'workflow', 'workload', 'vcsPolicy'];
const marks = [
  {},
  {},
  { annotations: { 'orchestration.proompteng.ai/defaulted': 'sequential' } },
  { annotations: { 'argocd.argoproj.io/tracking-id': 'x' } },
  { annotations: null },
  { deletionTimestamp: '2026-01-01T00:00:00Z' },
];

/** Reviews of every kind: sound ones, graphs with every mistake, single fields gone wrong, and broken bytes. */
export function generateInput(random: Random): FuzzInput {
  const webhook = random.isIn100(70) ? 'validate' : 'mutate';
  const mode = random.isIn100(94) ? 'enforce' : random.pick(modes);
  // A copy, so that no change reaches the lists above, and with them the reviews to come.
  const root = structuredClone(generateReview(random));
  const { object } = root.request;
  for (let changes = random.isIn100(40) ? 0 : 1 + random.int(3); changes > 0; changes--)
    change(random, random.isIn100(60) ? object : root);
  const text = JSON.stringify(root)
    .replaceAll(PROTO, '__proto__')
    .replaceAll(LONG, () => 'x'.repeat(random.int(300)))
    .replaceAll(`"${MANY}"`, `[${Array(1001).fill(random.int(2) || '"a"')}]`)
    .replaceAll(`"${DEEP}"`, () => nest(random));
  return { webhook, mode, body: random.isIn100(15) ? breakBytes(random, Buffer.from(text)) : text };
}

function generateReview(random: Random): { request: { object: object } } {
  const make = random.isIn100(85) ? generateOrchestration : generateRun;
  const object = make(random);
  if (random.isIn100(60)) return review(object);
  const oldObject = random.isIn100(30) ? { ...object } : make(random);
  const fields = { operation: random.isIn100(90) ? 'UPDATE' : 'DELETE', oldObject };
  if (random.isIn100(20)) object.metadata = Object.assign({ labels: { team: 'a' } }, object.metadata);
  return review(object, random.isIn100(3) ? { ...fields, subResource: 'status' } : fields);
}

function generateOrchestration(random: Random) {
  const style = random.int(6);
  const steps = Array.from({ length: 1 + random.int(7) }, (_, index) => ({
    name: random.isIn100(80) ? `s${index}` : random.pick(names),
    kind: random.isIn100(70) ? 'Checkpoint' : random.pick(kinds),
    ...generateDependsOn(random, style, index),
    ...(random.isIn100(10) && { orchestrationRef: { name: random.pick(['nightly', 'weekly']) } }),
    ...(random.isIn100(10) && { with: { [random.pick(names)]: random.pick(names), orchestrationRef: 'nightly' } }),
    ...(random.isIn100(10) && { [random.pick(misspelt)]: random.pick(junk) }),
    ...(random.isIn100(10) && { [random.pick(structured)]: random.pick(junk) }),
    ...(random.isIn100(10) && { retries: random.int(3) - 1, continueOnFailure: true, extra: random.pick(junk) }),
  }));
  const spec = random.isIn100(20) ? { entrypoint: random.pick(names), policies: { retries: random.pick(junk) } } : {};
  return orchestration(steps, { metadata: random.pick(marks), spec });
}

/** No `dependsOn`, the chain that this means, a graph without loops, or anything. */
function generateDependsOn(random: Random, style: number, index: number): { dependsOn?: string[] } {
  if (style > 3) return {};
  if (style === 0) return index > 0 && random.isIn100(90) ? { dependsOn: [`s${index - 1}`] } : {};
  const width = random.int(3);
  const earlier = () => `s${random.int(Math.max(index, 1))}`;
  const anyone = () => (random.isIn100(90) ? `s${random.int(7)}` : random.pick(names));
  const dependsOn = Array.from({ length: width }, style === 2 && index > 0 ? earlier : anyone);
  return random.isIn100(90) ? { dependsOn } : {};
}

function generateRun(random: Random) {
  const spec = {
    orchestrationRef: { name: random.pick(['nightly', 'weekly']) },
    ...(random.isIn100(30) && { parameters: { [random.pick(names)]: random.pick(names) } }),
  };
  return orchestrationRun(spec, random.isIn100(50) ? { status: { runId: 'nightly-1' } } : {});
}

/** Goes down a tree at random and makes one or two changes side by side where it stops. */
function change(random: Random, tree: object): void {
  let parent = tree as Record<string, unknown>;
  let key = random.pick(Object.keys(parent));
  for (let child = parent[key]; isParent(child) && random.isIn100(85); child = parent[key]) {
    parent = child;
    key = random.pick(Object.keys(parent));
  }
  changeField(random, parent, key);
  if (isParent(parent) && random.isIn100(40)) changeField(random, parent, random.pick(Object.keys(parent)));
}

function changeField(random: Random, parent: Record<string, unknown>, key: string): void {
  const value = structuredClone(random.pick(junk));
  if (Array.isArray(parent)) parent.splice(Number(key), random.int(2), ...(random.isIn100(60) ? [value] : []));
  else if (random.isIn100(25)) delete parent[key];
  else parent[random.isIn100(15) ? random.pick(names) : key] = value;
}

function isParent(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0;
}

/** Nests as deep as is allowed, just beyond that, or far beyond what recursion can take. */
function nest(random: Random): string {
  const levels = random.pick([3, 400, 499, 500, 501, 502, 600, 10_000]);
  return random.isIn100(50)
    ? '['.repeat(levels) + ']'.repeat(levels)
    : `${'{"a":'.repeat(levels)}0${'}'.repeat(levels)}`;
}

function breakBytes(random: Random, bytes: Buffer): Buffer {
  let broken = bytes;
  for (let changes = 1 + random.int(3); changes > 0; changes--) {
    const at = random.int(broken.length + 1);
    const [before, after] = [broken.subarray(0, at), broken.subarray(at)];
    const inserted = random.pick([
      '',
      '"',
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '0',
      '\\',
      '\u0000',
      '"uid":"v",',
      '"a":1,',
      'null',
    ]);
    const piece = random.isIn100(30) ? after.subarray(0, random.int(40)) : Buffer.from(inserted);
    const odd = Buffer.from([random.int(256)]);
    broken = Buffer.concat([before, random.isIn100(30) ? odd : piece, after.subarray(random.int(4))]);
    if (random.isIn100(3)) broken = broken.subarray(0, random.int(broken.length + 1));
  }
  return broken;
}
