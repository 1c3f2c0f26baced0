import { describe, expect, it } from 'vitest';
import type { Step } from '../../src/dag/graph.ts';
import { describeOnBothCrds, orchestration, withKind } from '../support/gated.ts';
import { root, step } from '../support/steps.ts';

const good = [root('fetch'), step('build', 'fetch')];
const broken = [step('fetch', 'build'), step('build', 'fetch'), step('test', 'biuld')];
const undeclared = [step('fetch'), step('build')];
const chained = [step('fetch'), step('build', 'fetch')];

/** What is wrong with `broken`. */
const causes = [
  {
    reason: 'DependencyCycle',
    field: 'spec.steps[1].dependsOn[0]',
    message: 'dependency cycle fetch → build → fetch: none of them could ever start; remove one of these dependencies',
  },
  {
    reason: 'MissingDependency',
    field: 'spec.steps[2].dependsOn[0]',
    message: 'no step is named "biuld": did you mean "build"?',
  },
];

/** One of the ways in which people write an Orchestration. */
interface Way {
  readonly title: string;
  readonly toolArguments: (name: string, steps: readonly Step[]) => readonly string[];
  /** Whether there must be an object before. */
  readonly isChange?: boolean;
  /** Whether it shows what would be stored, and stores nothing. */
  readonly isTrial?: boolean;
  /** The exit codes of kubectl: when all is well, and when something was refused. */
  readonly codes?: readonly [number, number];
}

const ways: readonly Way[] = [
  { title: 'kubectl create', toolArguments: () => ['create', '-f', '-'] },
  { title: 'kubectl apply', toolArguments: () => ['apply', '-f', '-'] },
  { title: 'kubectl apply --server-side', toolArguments: () => ['apply', '--server-side', '-f', '-'] },
  { title: 'kubectl replace', toolArguments: () => ['replace', '-f', '-'], isChange: true },
  {
    title: 'a merge patch',
    toolArguments: (name, steps) => patch('merge', name, { spec: { steps: withKind(steps) } }),
    isChange: true,
  },
  {
    title: 'a JSON patch',
    toolArguments: (name, steps) => patch('json', name, [{ op: 'add', path: '/spec/steps', value: withKind(steps) }]),
    isChange: true,
  },
  {
    title: 'kubectl apply --dry-run=server',
    toolArguments: () => ['apply', '--dry-run=server', '-o', 'yaml', '-f', '-'],
    isTrial: true,
  },
  { title: 'kubectl diff', toolArguments: () => ['diff', '-f', '-'], isTrial: true, codes: [1, 2] },
];

function patch(type: string, name: string, content: object): string[] {
  return ['patch', 'orchestration', name, `--type=${type}`, '--patch', JSON.stringify(content)];
}

describeOnBothCrds('the gate', (gated) => {
  describe.each(ways)(
    'by $title',
    ({ title, toolArguments, isChange, isTrial, codes: [changed, refused] = [0, 1] }) => {
      const before = isChange ? [root('before')] : undefined;

      async function write(kind: string, steps: readonly Step[]) {
        const { kubectl, send, pathOf, read } = gated();
        const name = `${kind}.${title.toLowerCase().replaceAll(/[^a-z]+/g, '.')}`;
        if (before) await send('POST', pathOf(), orchestration(name, before));
        const result = await kubectl(toolArguments(name, steps), orchestration(name, steps));
        return { ...result, name, stored: (await read(name))?.spec.steps };
      }

      /** Returns what it printed. */
      async function accepts(kind: string, steps: readonly Step[], expected: readonly Step[]) {
        const { code, stdout, stderr, stored } = await write(kind, steps);
        expect({ code, stderr }).toEqual({ code: changed, stderr: '' });
        expect(stored).toEqual(isTrial ? undefined : withKind(expected));
        return stdout;
      }

      it('accepts a good graph as it is', () => accepts('good', good, good));

      it('denies a broken graph with all its problems', async () => {
        const { name, code, stderr, stored } = await write('broken', broken);
        const [heading, ...lines] = stderr.split('\n');
        expect(heading).toBe(`The Orchestration "${name}" is invalid: `);
        expect(lines.slice(0, causes.length)).toEqual(causes.map(({ field, message }) => `* ${field}: ${message}`));
        expect({ code, stored }).toEqual({ code: refused, stored: before && withKind(before) });
      });

      it('accepts steps that declare no order, and writes it down', async () => {
        const shown = await accepts('undeclared', undeclared, chained);
        if (isTrial) expect(shown).toMatch(/dependsOn:\n[\s+]*- fetch/);
      });
    },
  );

  it('denies six mistakes in expressions at once, and kubectl lists them', async () => {
    const { apiVersion, kind } = orchestration('mistakes', []) as { apiVersion: string; kind: string };
    const agent = { kind: 'AgentRun', agentRef: { name: 'a' }, implementationSpecRef: { name: 'i' } };
    const steps = [
      { name: 'build', kind: 'Checkpoint', dependsOn: [], when: 'parameters.brnch == "main"' },
      { name: 'test', ...agent, dependsOn: ['build'], outputs: { report: 'child.status.' } },
      {
        name: 'ship',
        ...agent,
        dependsOn: ['test'],
        with: { a: '${{ steps.tset.phase }}', b: '${{ steps.test.outputs.raport }}' },
      },
      { name: 'undo', kind: 'Checkpoint', dependsOn: ['build'], when: 'steps.ship.phase == "Failed"' },
      { name: 'tidy', kind: 'Checkpoint', dependsOn: [], runIf: 'Failed' },
    ];
    const policies = { parameters: { branch: { required: true } } };
    const object = { apiVersion, kind, metadata: { name: 'mistakes' }, spec: { policies, steps } };
    const { code, stderr } = await gated().kubectl(['create', '-f', '-'], object);
    expect(code).toBe(1);
    expect(stderr.trimEnd().split('\n')).toEqual([
      'The Orchestration "mistakes" is invalid: ',
      '* spec.steps[0].when: policies.parameters does not declare "brnch"; did you mean "branch"? (at character 1)',
      '* spec.steps[1].outputs.report: the expression ends too early: a name is missing (at character 14)',
      '* spec.steps[2].with.a: no step has the name "tset"; did you mean "test"? (at character 5)',
      '* spec.steps[2].with.b: step "test" has no output "raport"; did you mean "report"? (at character 5)',
      '* spec.steps[3].when: step "ship" may not have ended when this step starts: add it to dependsOn (at character 1)',
      '* spec.steps[4].runIf: the step has no dependencies, so none can fail: name the steps that it handles in dependsOn',
    ]);
  });

  it('answers a denial with 422, all causes, and one line that lists them', async () => {
    const { send, pathOf } = gated();
    const { status, body } = await send('POST', pathOf(), orchestration('raw', broken));
    const all = causes
      .map(({ field, message }) => `${field}: ${message}`)
      .join('; ')
      .replaceAll('"', "'");
    expect(status).toBe(422);
    expect(body).toMatchObject({
      kind: 'Status',
      code: 422,
      reason: 'Invalid',
      message: `admission webhook "validate.orchestrations.orchestration.proompteng.ai" denied the request: 2 problems: ${all}`,
      details: { group: 'orchestration.proompteng.ai', kind: 'Orchestration', name: 'raw', causes },
    });
  });

  it('accepts what is only doubtful, with a warning', async () => {
    const { kubectl } = gated();
    const mixed = orchestration('doubtful', [root('fetch'), step('build', 'fetch'), step('test')]);
    expect(await kubectl(['apply', '-f', '-'], mixed)).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(
        /^Warning: spec\.steps: dependsOn is declared by other steps, but not by "test": .*\n$/,
      ),
    });
  });

  describe('of an object whose name is generated', () => {
    const metadata = { name: undefined, generateName: 'nightly-' };

    it('accepts a good graph, its order written down', async () => {
      const { send, pathOf } = gated();
      expect(await send('POST', pathOf(), orchestration('', undeclared, metadata))).toMatchObject({
        status: 201,
        body: { metadata: { name: expect.stringMatching(/^nightly-.+/) }, spec: { steps: withKind(chained) } },
      });
    });

    it('denies a broken graph under the name that it would have had', async () => {
      const { kubectl } = gated();
      expect(await kubectl(['create', '-f', '-'], orchestration('', broken, metadata))).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/^The Orchestration "nightly-.+" is invalid: \n/),
      });
    });
  });
});
