import fc from 'fast-check';

const plain = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g');
const odd = fc.constantFrom(
  ...['-', '__proto__', 'Build the shop', 'x'.repeat(63), 'y'.repeat(64)],
  ...['\\', '"q"', 'ü', 'a\nb', '\u202Egnp', '😀', '${{ x }}', "it's"],
);

/** `in100` of a hundred are `rare`. */
function often<T>(usual: fc.Arbitrary<T>, rare: fc.Arbitrary<T>, in100: number): fc.Arbitrary<T> {
  return fc.oneof({ weight: 100 - in100, arbitrary: usual }, { weight: in100, arbitrary: rare });
}

const anyName = often(often(plain, odd, 4), fc.constant(''), 3);
const anyStep = fc.record(
  {
    name: anyName,
    kind: often(fc.constant('Checkpoint'), fc.constant(''), 2),
    dependsOn: often(fc.array(anyName, { maxLength: 2 }), fc.array(anyName, { maxLength: 5 }), 6),
  },
  { requiredKeys: ['name', 'kind'] },
);
const messy = fc.array(anyStep, { maxLength: 8 });
const distinct = fc.uniqueArray(anyStep, { maxLength: 8, selector: ({ name }) => name });
/** Without the entries that name no other step, so that cycles are the most common mistake. */
const resolved = distinct.map((steps) => {
  const names = new Set(steps.map(({ name }) => name));
  return steps.map(({ dependsOn, ...step }) => ({
    ...step,
    ...(dependsOn && { dependsOn: dependsOn.filter((name) => names.has(name) && name !== step.name) }),
  }));
});

/** The spec of an Orchestration that the schema allows, with any of the mistakes that the policy of the chart knows. */
export const anySpec: fc.Arbitrary<object | undefined> = often<object | undefined>(
  fc.oneof(resolved, distinct, messy).map((steps) => ({ steps })),
  fc.constant(undefined),
  1,
);
