import fc from 'fast-check';
import { API_VERSION } from './reviews.ts';

// Orchestrations with mistakes of every kind, close enough to real ones to reach every branch of a decoder.

const stepNames = ['a', 'b', 'c', 'd', '', '__proto__', 'constructor', 'a/b~c'];

/** Text of any kind, lists and maps with far more mistakes than are shown, and everything else that JSON allows. */
const anything: fc.Arbitrary<unknown> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom<unknown>(null, 0, -1, 1.5, Infinity, true, '', 'a', [], {}, [[]], [null], {
      name: null,
    }),
  },
  { weight: 3, arbitrary: fc.jsonValue({ maxDepth: 2 }) },
  { weight: 1, arbitrary: fc.constantFrom<unknown>(...[1, '', 'a', null].flatMap(many)) },
);

/** A list and a map full of `value`. */
function many(value: unknown): unknown[] {
  const list = Array(1001).fill(value);
  return [list, Object.fromEntries(list.map((_, i) => [`k${i}`, value]))];
}

/** Mostly `usual`. */
function mostly(usual: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 6, arbitrary: usual }, { weight: 1, arbitrary: anything });
}

const name = fc.constantFrom(...stepNames);
const text = mostly(fc.string({ maxLength: 4 }));
const count = mostly(fc.nat({ max: 9 }));
const reference = mostly(fc.record({ name: text }, { requiredKeys: [] }));

/** A step of which any field may be absent or anything at all. */
export const anyStep: fc.Arbitrary<unknown> = mostly(
  fc.record(
    {
      name: mostly(name),
      kind: mostly(fc.constantFrom('Checkpoint', 'AgentRun', 'SubOrchestration', 'Chekpoint')),
      dependsOn: mostly(fc.array(mostly(name), { maxLength: 3 })),
      continueOnFailure: mostly(fc.boolean()),
      retries: count,
      retryBackoffSeconds: count,
      timeoutSeconds: count,
      agentRef: reference,
      orchestrationRef: reference,
      policyRef: text,
      with: mostly(fc.dictionary(fc.constantFrom(...stepNames), text, { maxKeys: 3 })),
      extra: anything,
    },
    { requiredKeys: ['name', 'kind'] },
  ),
);

const annotations = mostly(
  fc.record(
    {
      'orchestration.proompteng.ai/defaulted': mostly(fc.constant('sequential')),
      'argocd.argoproj.io/tracking-id': mostly(fc.constant('app:x/y:z/w')),
      owner: text,
    },
    { requiredKeys: [] },
  ),
);
const metadata = mostly(
  fc.record(
    { name: text, annotations, labels: mostly(fc.dictionary(fc.constant('app.kubernetes.io/instance'), text)) },
    { requiredKeys: [] },
  ),
);
const policies = mostly(
  fc.record(
    { retries: mostly(fc.record({ limit: count })), maxParallel: count, extra: anything },
    { requiredKeys: [] },
  ),
);

/** Something like an Orchestration. All its keys are own properties, even `__proto__`, as JSON.parse makes them. */
export const anyOrchestration: fc.Arbitrary<unknown> = mostly(
  fc.record(
    {
      apiVersion: mostly(fc.constant(API_VERSION)),
      kind: mostly(fc.constant('Orchestration')),
      metadata,
      spec: mostly(
        fc.record(
          { steps: mostly(fc.array(anyStep, { maxLength: 6 })), entrypoint: mostly(name), policies },
          { requiredKeys: ['steps'] },
        ),
      ),
    },
    { requiredKeys: ['apiVersion', 'kind', 'metadata', 'spec'] },
  ),
);
