import { kubectl, override, post, putGateInFront } from './commands.ts';
import type { Step } from './step.ts';

const legacy = `
apiVersion: orchestration.proompteng.ai/v1alpha1
kind: Orchestration
metadata: {name: legacy}
spec:
  steps:
    - {name: wait, kind: Checkpoint, dependsOn: [wait]}
`;

const broken = `
apiVersion: orchestration.proompteng.ai/v1alpha1
kind: Orchestration
metadata: {name: broken}
spec:
  steps:
    - {name: build, kind: Checkpoint, dependsOn: []}
    - {name: test, kind: Checkpoint, dependsOn: [biuld, deploy]}
    - {name: approve, kind: Checkpoint, dependsOn: [test]}
    - {name: deploy, kind: Checkpoint, dependsOn: [approve]}
`;

const crds = 'charts/orchestration-gate-crds/templates';

/** What `make run` shows, in this order. */
export const tour: readonly Step[] = [
  {
    title: 'The CRDs are installed in a real Kubernetes',
    command: kubectl(['apply', '-f', crds]),
    told: 'created',
    prints: [
      'orchestrationruns.orchestration.proompteng.ai created',
      'orchestrations.orchestration.proompteng.ai created',
    ],
  },
  {
    command: kubectl(['wait', '--for=condition=Established', '-f', crds]),
    told: 'ready to be used',
    prints: ['orchestrationruns.orchestration.proompteng.ai condition met', 'condition met'],
  },
  {
    title: 'Without the gate, the API server stores any graph',
    command: kubectl(['apply', '-f', '-'], legacy),
    told: 'created, though it waits for itself',
    prints: ['legacy created'],
  },
  {
    title: 'The gate goes in front',
    command: putGateInFront,
    told: 'installed',
    prints: ['-defaulting', '-orchestrations', '-orchestrationruns'],
  },
  {
    command: kubectl([
      ...['get', 'validatingwebhookconfiguration', 'default-gate-orchestrations'],
      ...['-o', String.raw`jsonpath={range .webhooks[0].matchConditions[*]}{.name}: {.expression}{"\n"}{end}`],
    ]),
    told: 'the API server asks the gate only about a spec that is new or has changed',
    prints: ['spec-changed: ', 'not-being-deleted: '],
  },
  {
    title: 'The gate allows a good graph',
    command: kubectl(['apply', '-f', 'examples/diamond.yaml']),
    told: 'created, without a warning',
    prints: ['publish-shop created'],
  },
  {
    title: 'If no step has dependsOn, each step waits for the one before it, and the gate adds this to the object',
    command: kubectl(['apply', '-f', 'examples/sequential.yaml']),
    told: 'created',
    prints: ['fix-issue created', 'fix-issue-1234 created'],
  },
  {
    command: kubectl([
      ...['get', 'orchestration', 'fix-issue'],
      ...['-o', String.raw`jsonpath={range .spec.steps[*]}{.name} waits for {.dependsOn}{"\n"}{end}`],
    ]),
    told: 'each step but the first waits for the one before',
    prints: ['plan waits for ', 'implement waits for ["plan"]', 'notify waits for ["implement"]'],
  },
  {
    command: kubectl(['apply', '-f', 'examples/sequential.yaml']),
    told: 'the same manifest can be applied again',
    prints: ['fix-issue configured', 'fix-issue-1234 unchanged'],
  },
  {
    command: kubectl(['get', 'orchestration', 'fix-issue', '-o', String.raw`jsonpath={.metadata.generation}{"\n"}`]),
    told: 'nothing has changed: it is still the first generation',
    prints: ['1'],
  },
  {
    title: 'A cycle and a misspelled name are denied, both at once',
    command: kubectl(['apply', '-f', '-'], broken),
    told: 'denied: what is wrong, where, and how to fix it',
    exitCode: 1,
    prints: ['The Orchestration "broken" is invalid:', 'did you mean "build"', 'test → deploy → approve → test'],
  },
  {
    title: 'This is what Argo CD receives',
    command: post('/apis/orchestration.proompteng.ai/v1alpha1/namespaces/default/orchestrations', broken),
    told: 'a 422 Invalid, with a cause for each problem and all of them in one line',
    exitCode: 1,
    prints: [
      'code: 422',
      'reason: Invalid',
      "denied the request: 2 problems: spec.steps[1].dependsOn[0]: no step is named 'biuld'",
      'causes:',
      ...['reason: MissingDependency', 'did you mean "build"', 'field: spec.steps[1].dependsOn[0]'],
      ...['reason: DependencyCycle', 'test → deploy → approve → test', 'field: spec.steps[2].dependsOn[0]'],
    ],
  },
  {
    title: 'A dry run on the server says the same',
    command: kubectl(['apply', '--dry-run=server', '-f', 'examples/rejected/missing-dependency.yaml']),
    told: 'denied',
    exitCode: 1,
    prints: ['did you mean "build"'],
  },
  {
    title: 'A mistake that does not stop the graph from running causes a warning',
    command: kubectl(['apply', '-f', 'examples/warned/unknown-step-kind.yaml']),
    told: 'created, with a warning',
    prints: ['Warning: spec.steps[0].kind: ', 'release created'],
  },
  {
    title: 'An edit that closes a cycle is denied too',
    command: kubectl([
      ...['patch', 'orchestration', 'publish-shop', '--type=json'],
      ...['-p', '[{"op": "add", "path": "/spec/steps/0/dependsOn/-", "value": "publish"}]'],
    ]),
    told: 'denied, with the cycle',
    exitCode: 1,
    prints: ['build → publish → lint → build'],
  },
  {
    title: 'An Orchestration from before the gate can still be edited',
    command: kubectl(['label', 'orchestration', 'legacy', 'team=shop']),
    told: 'labeled: its spec has not changed',
    prints: ['legacy labeled'],
  },
  {
    title: 'In an emergency, an override allows everything and turns denials into warnings',
    command: override('warn'),
    told: 'the gate has read it',
    prints: [],
  },
  {
    command: kubectl(['apply', '-f', 'examples/rejected/dependency-cycle.yaml']),
    told: 'stored, with a warning',
    prints: ['Warning: spec.steps[', 'release configured'],
  },
  {
    command: override(undefined),
    told: 'the gate has read it',
    prints: [],
  },
  {
    command: kubectl(['apply', '-f', 'examples/rejected/self-dependency.yaml']),
    told: 'denied, as before',
    exitCode: 1,
    prints: ['The Orchestration "release" is invalid: '],
  },
  {
    command: kubectl(['delete', 'orchestration', 'release']),
    told: 'deleted, so that you can try these examples',
    prints: ['"release" deleted'],
  },
];
