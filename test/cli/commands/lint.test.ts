import { describe, expect, test } from 'vitest';
import { lint } from '../../../src/cli/commands/lint.ts';
import { briefly, calling, orchestration, portsOf, runOn } from '../run-command.ts';

function lintFiles(files: Readonly<Record<string, string>>, ...flags: readonly string[]) {
  return runOn(lint, files, [...flags, ...Object.keys(files)]);
}

async function problemsOf(files: Readonly<Record<string, string>>): Promise<string[]> {
  return briefly(await lintFiles(files, '--format=json'));
}

const clean = orchestration('clean', '{ name: a, kind: Checkpoint }');
const warned = orchestration('warned', '{ name: A, kind: Checkpoint }');
const denied = orchestration('denied', '{ name: a, kind: Checkpoint, dependsOn: [b] }');

describe('the exit code', () => {
  test.each([
    ['0 where nothing is wrong', clean, [], 0],
    ['0 where there are warnings', warned, [], 0],
    ['1 where warnings count', warned, ['--strict'], 1],
    ['1 where something is denied', denied, [], 1],
    ['1 where something cannot be read', 'a: [', [], 1],
    ['0 where there is nothing of ours', 'kind: ConfigMap', [], 0],
  ])('is %s', async (_, text, flags, exitCode) => {
    expect(await lintFiles({ 'a.yaml': text }, ...flags)).toMatchObject({ exitCode, stderr: '' });
  });

  test('is 2 where it cannot run: every mistake is told, and nothing is judged', async () => {
    const args = ['--strct', '--format=jsn', 'denied.yaml', 'absent.yaml'];
    expect(await runOn(lint, { 'denied.yaml': denied }, args)).toEqual({
      exitCode: 2,
      stdout: '',
      stderr: [
        'lint: --strct is not known; did you mean --strict?',
        'lint: --format is "jsn"; did you mean json?',
        'lint: "absent.yaml" does not exist',
        'See orchestration-gate lint --help.\n',
      ].join('\n'),
    });
  });

  test('is 2 without input', async () => {
    const { exitCode, stderr } = await lintFiles({});
    expect(exitCode).toBe(2);
    expect(stderr).toContain('lint: FILE is missing: name a file, a folder, or - for standard input\n');
  });
});

describe('what is judged', () => {
  test('is every document of every file, at its place in the file', async () => {
    const files = {
      'a.yaml': `${clean}---\n${denied}`,
      'b.json': JSON.stringify({ ...object('OrchestrationRun'), spec: {} }),
    };
    expect(await problemsOf(files)).toEqual([
      'a.yaml:13:48 MissingDependency spec.steps[0].dependsOn[0]',
      'b.json:1:104 MissingOrchestrationRef spec.orchestrationRef',
    ]);
  });

  test.each([
    ['orchestration.proompteng.ai/v1beta1', 'Orchestration', 'apiVersion'],
    ['agents.proompteng.io/v1alpha1', 'Orchestration', 'apiVersion'],
    ['orchestrations.proompteng.ai/v1alpha1', 'OrchestrationRun', 'apiVersion'],
    ['v1alpha1', 'Orchestration', 'apiVersion'],
    [undefined, 'OrchestrationRun', 'apiVersion'],
    ['orchestration.proompteng.ai/v1alpha1', 'Orchestraton', 'kind'],
    ['orchestration.proompteng.ai/v1alpha1', 'orchestrationrun', 'kind'],
    ['orchestration.proompteng.ai/v1alpha1', 'Workflow', 'kind'],
  ])('is no %s %s: its %s is misspelt, and nothing else is said of it', async (apiVersion, kind, field) => {
    const text = JSON.stringify({ apiVersion, kind, metadata: {}, spec: { steps: [] } });
    expect(await problemsOf({ 'a.json': text })).toEqual([
      expect.stringMatching(new RegExp(`^a\\.json:1:\\d+ UnknownResource ${field}$`)),
    ]);
  });

  test.each([
    ['workflows.example.com/v1', 'Orchestration'],
    ['agents.proompteng.ai/v1alpha1', 'AgentRun'],
    ['v1', 'ConfigMap'],
  ])('is no %s %s, which is of somebody else', async (apiVersion, kind) => {
    const { stdout } = await lintFiles({ 'a.json': JSON.stringify({ apiVersion, kind }) });
    expect(stdout).toBe('no Orchestration or OrchestrationRun found; 1 other document ignored\n');
  });

  test.each<[object, ...string[]]>([
    [{ metadata: {} }, 'MissingName metadata.name'],
    [{ metadata: { generateName: 'x-' } }],
    [{ spec: { step: [] } }, 'UnknownSpecField spec.step', 'MissingSteps spec.steps'],
    [{ specs: {} }, 'UnknownSpecField specs'],
    [
      {
        spec: {
          policies: { any: { thing: 1 } },
          steps: [{ name: 'a', kind: 'ToolRun', toolRef: { name: 'x', kind: 'y' }, any: { thing: 1 } }],
        },
      },
      'UnknownSpecField spec.steps[0].toolRef.kind',
    ],
    [{ spec: { steps: [{ name: 'a', kind: 'Checkpoint', with: { any: 'thing' } }] }, status: { any: 1 } }],
  ])('with %j is told what the API server would deny or lose', async (fields, ...problems) => {
    const steps = [{ name: 'a', kind: 'Checkpoint' }];
    const text = JSON.stringify({ ...object('Orchestration'), spec: { steps }, ...fields });
    expect((await problemsOf({ 'a.json': text })).map((line) => line.replace(/^\S+ /, '')).toSorted()).toEqual(
      problems.toSorted(),
    );
  });

  test('is what a List holds too, as kubectl get -o yaml writes it', async () => {
    const list = {
      apiVersion: 'v1',
      kind: 'List',
      items: [{ kind: 'ConfigMap' }, { ...object('Orchestration'), spec: {} }],
    };
    const { exitCode, stdout } = await lintFiles({ 'list.json': JSON.stringify(list, null, 2) });
    expect(exitCode).toBe(1);
    expect(stdout).toContain('list.json:14:7: deny MissingSteps spec.steps: is absent');
    expect(stdout).toContain('1 error in 1 object; 1 other document ignored\n');
  });

  test('is not another group’s Orchestration', async () => {
    const foreign = denied.replace('orchestration.proompteng.ai', 'example.com');
    expect((await lintFiles({ 'a.yaml': foreign })).stdout).toBe(
      'no Orchestration or OrchestrationRun found; 1 other document ignored\n',
    );
  });

  test('is the rest of a file that cannot be read as a whole, from top to bottom', async () => {
    const text = `${denied}---\na: "\n---\nb: 1\nb: 2\n---\n${denied}`;
    expect(await problemsOf({ 'a.yaml': text })).toEqual([
      'a.yaml:6:48 MissingDependency spec.steps[0].dependsOn[0]',
      'a.yaml:9:1 InvalidYaml',
      'a.yaml:11:1 InvalidYaml',
      'a.yaml:18:48 MissingDependency spec.steps[0].dependsOn[0]',
    ]);
  });

  test('is what the API server would get: words of YAML 1.1 are truth values, times are text', async () => {
    const steps = [
      '{ name: a, kind: Checkpoint, continueOnFailure: yes, with: { at: 12:30, day: 2026-01-31 } }',
      '{ name: on, kind: Checkpoint }',
      '{ name: b, kind: Checkpoint, with: { answer: no } }',
    ];
    expect(await problemsOf({ 'a.yaml': orchestration('dialect', ...steps) })).toEqual([
      'a.yaml:7:15 StepMissingName spec.steps[1].name',
      'a.yaml:8:52 InvalidField spec.steps[2].with.answer',
    ]);
  });

  test('is told without a limit', async () => {
    const steps = Array.from({ length: 120 }, (_, index) => `{ name: s${index}, kind: Checkpoint, dependsOn: [gone] }`);
    expect(await problemsOf({ 'a.yaml': orchestration('many', ...steps) })).toHaveLength(120);
  });
});

describe('Orchestrations that run each other', () => {
  test('are told once, at the reference that closes the loop, with the loop', async () => {
    const files = { 'p.yaml': calling('p', 'x', 'q'), 'q.yaml': calling('q', 'p'), 'r.yaml': calling('r', 'p') };
    const { stdout } = await lintFiles(files, '--format=json');
    expect(JSON.parse(stdout)).toEqual([
      {
        file: 'q.yaml',
        line: 6,
        column: 72,
        kind: 'Orchestration',
        namespace: 'ci',
        name: 'q',
        code: 'SubOrchestrationCycle',
        severity: 'deny',
        field: 'spec.steps[0].orchestrationRef.name',
        message: 'p → q → p run each other without end: remove one of these references',
        steps: ['p', 'q'],
      },
    ]);
  });

  test('are told where several loops are', async () => {
    const files = {
      'a.yaml': ['p q', 'q p', 'r s', 's t', 't r'].map((names) => calling(...split(names))).join('---\n'),
    };
    expect(await problemsOf(files)).toHaveLength(2);
  });

  test('are none in different namespaces', async () => {
    const q = calling('q', 'p').replace('namespace: ci', 'namespace: other');
    expect(await problemsOf({ 'a.yaml': calling('p', 'q'), 'b.yaml': q })).toEqual([]);
  });

  test('are told through any of several of one name', async () => {
    const files = { 'a.yaml': calling('p', 'q'), 'b.yaml': calling('q', 'x'), 'c.yaml': calling('q', 'p') };
    expect(await problemsOf(files)).toEqual(['c.yaml:6:72 SubOrchestrationCycle spec.steps[0].orchestrationRef.name']);
  });

  test('are not told again where one runs itself', async () => {
    expect(await problemsOf({ 'a.yaml': calling('p', 'p') })).toHaveLength(1);
  });
});

describe('a format', () => {
  const cyclic = orchestration(
    'loop',
    '{ name: a, kind: Checkpoint, dependsOn: [b] }',
    '{ name: B, kind: Checkpoint, dependsOn: [] }',
    '{ name: b, kind: Checkpoint, dependsOn: [a] }',
  );
  const files = { 'dir,1/a b.yaml': cyclic, 'bad.yaml': 'a: [' };

  test('for people groups by object and sums up', async () => {
    expect((await lintFiles({ ...files, 'c.yaml': `${clean}---\nkind: A\n---\nkind: B\n` })).stdout).toBe(
      `Orchestration ci/loop in dir,1/a b.yaml
dir,1/a b.yaml:7:15: warn NonPortableStepName spec.steps[1].name: "B" is not a DNS label of at most 63 characters (a-z, 0-9, "-"): labels will show a hash of it
dir,1/a b.yaml:8:48: deny DependencyCycle spec.steps[2].dependsOn[0]: dependency cycle a → b → a: none of them could ever start; remove one of these dependencies

bad.yaml
bad.yaml:1:5: deny InvalidYaml: not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ]

2 errors and 1 warning in 2 of 3 objects; 2 other documents ignored
`,
    );
  });

  test('for people has colours only where they are shown', async () => {
    const { screen } = portsOf();
    const ports = portsOf({
      screen: { ...screen, isColored: true },
      readSources: () => Promise.resolve({ sources: [{ file: 'a.yaml', text: denied }], mistakes: [] }),
    });
    const { stdout } = await lint.execute(['a.yaml'], ports);
    expect(stdout).toContain(': \u001b[31mdeny\u001b[39m MissingDependency');
  });

  test('json has nothing but an array, empty where nothing is wrong', async () => {
    expect((await lintFiles({ 'a.yaml': clean }, '--format=json')).stdout).toBe('[]\n');
    expect(JSON.parse((await lintFiles(files, '--format=json')).stdout)).toMatchObject([
      { code: 'NonPortableStepName', severity: 'warn' },
      { code: 'DependencyCycle', severity: 'deny', steps: ['a', 'b'] },
      { code: 'InvalidYaml', severity: 'deny', kind: '', namespace: '', name: '', field: '' },
    ]);
  });

  test('github has one command a problem, and nothing where nothing is wrong', async () => {
    expect((await lintFiles({ 'a.yaml': clean }, '--format=github')).stdout).toBe('');
    expect((await lintFiles(files, '--format=github')).stdout.split('\n').map((line) => line.slice(0, 90))).toEqual(
      [
        '::warning file=dir%2C1/a b.yaml,line=7,col=15,title=NonPortableStepName::spec.steps[1].name: ',
        '::error file=dir%2C1/a b.yaml,line=8,col=48,title=DependencyCycle::spec.steps[2].dependsOn[0]',
        '::error file=bad.yaml,line=1,col=5,title=InvalidYaml::not valid YAML: Flow sequence in bloc',
        '',
      ].map((line) => line.slice(0, 90)),
    );
  });

  test('sarif has every rule once, and a region and the loop with each result', async () => {
    const log = JSON.parse((await lintFiles(files, '--format=sarif')).stdout);
    expect(log).toMatchObject({ version: '2.1.0', runs: [{ columnKind: 'utf16CodeUnits' }] });
    const [{ tool, results }] = log.runs;
    const ids: string[] = tool.driver.rules.map(({ id }: { id: string }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { ruleId, ruleIndex } of results) expect(ids[ruleIndex]).toBe(ruleId);
    expect(results).toMatchObject([
      { ruleId: 'NonPortableStepName', level: 'warning' },
      {
        ruleId: 'DependencyCycle',
        level: 'error',
        locations: [
          {
            physicalLocation: {
              artifactLocation: { uri: 'dir%2C1/a%20b.yaml' },
              region: { startLine: 8, startColumn: 48 },
            },
          },
        ],
        properties: { kind: 'Orchestration', namespace: 'ci', name: 'loop', steps: ['a', 'b'] },
      },
      { ruleId: 'InvalidYaml' },
    ]);
  });
});

function object(kind: string) {
  return { apiVersion: 'orchestration.proompteng.ai/v1alpha1', kind, metadata: { name: 'x' } };
}

function split(names: string): [string, ...string[]] {
  const [first = '', ...rest] = names.split(' ');
  return [first, ...rest];
}
