import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readManifest } from '../../src/cli/files/manifest.ts';
import { judgeManifests } from '../../src/cli/files/report.ts';
import { orchestration } from '../cli/run-command.ts';
import { type Editor, startEditor } from '../support/editor.ts';

let editor: Editor;
beforeAll(async () => {
  editor = await startEditor();
});
afterAll(async () => {
  if (editor.process.exitCode === null) await editor.end();
});

const HEAD =
  'apiVersion: orchestration.proompteng.ai/v1alpha1\nkind: Orchestration\nmetadata: { name: release }\nspec:\n';
const release = (steps: string, before = '') => `${HEAD}${before}  steps:\n${steps}`;

const STEPS = `    - name: build
      kind: ToolRun
      toolRef: { name: build }
      outputs:
        image: child.status.image
    - name: test-web
      kind: ToolRun
      toolRef: { name: test }
      dependsOn: [build]
    - name: notify
      kind: Checkpoint
      runIf: Failed
      dependsOn: [test-web]
`;

describe('diagnostics', () => {
  test.each(['dependency-cycle', 'unknown-reference', 'unknown-resource', 'invalid-yaml', 'missing-name'])(
    'are what lint says of examples/rejected/%s.yaml, each at its text',
    async (name) => {
      const text = readFileSync(`examples/rejected/${name}.yaml`, 'utf8');
      const { problems } = judgeManifests([readManifest({ file: 'a.yaml', text })]);
      const found = await editor.open(text).diagnostics();
      const seen = found.map(({ code, message, severity, range: { start } }) => {
        const place = { line: start.line + 1, column: start.character + 1 };
        return { ...place, code, message, severity: severity === 1 ? 'deny' : 'warn' };
      });
      expect(seen).toEqual(
        problems.map(({ line, column, code, message, severity }) => ({ line, column, code, message, severity })),
      );
      for (const { range } of found) expect(range.end).not.toEqual(range.start);
    },
  );

  test('mark the word that is wrong, and go when it is right', async () => {
    const text = editor.open(release(STEPS.replace('[build]', '[biuld]')));
    expect(await text.marks()).toEqual(['MissingDependency biuld']);
    text.change('biuld', 'build');
    expect(await text.marks()).toEqual([]);
  });

  test('of an expression mark what it reads', async () => {
    const text = editor.open(release(STEPS.replace('runIf: Failed', 'when: steps.biuld.phase == "Failed"')));
    expect(await text.marks()).toEqual(['UnknownReference steps.biuld.phase']);
  });

  test('tell each document of a file apart', async () => {
    const broken = release(STEPS.replace('[build]', '[gone]'));
    const text = editor.open(`${broken}---\nkind: ConfigMap\napiVersion: v1\n---\n${HEAD}  steps: [\n---\n${broken}`);
    expect(await text.marks()).toEqual([
      'MissingDependency gone',
      expect.stringMatching(/^InvalidYaml /),
      'MissingDependency gone',
    ]);
  });

  test('leave a file alone that is about something else, also if it is not YAML', async () => {
    expect(await editor.open('{{ if .Values.x }}\nkind: Deployment\n  broken: [\n').diagnostics()).toEqual([]);
  });

  test('end when a text is closed', async () => {
    const text = editor.open(release(STEPS.replace('[build]', '[gone]')));
    await text.diagnostics();
    const before = text.publishedCount();
    text.close();
    await expect.poll(text.publishedCount).toBe(before + 1);
  });

  test('come once for many changes in a row', async () => {
    const text = editor.open(release(STEPS));
    for (let index = 0; index < 200; index++) text.change('release', `release${index % 10}`.slice(0, 8));
    await text.diagnostics();
    expect(text.publishedCount()).toBeLessThan(20);
  });

  test('of a text with many mistakes are the first 100', async () => {
    const steps = Array.from(
      { length: 1000 },
      (_, index) => `{ name: s${index}, kind: Checkpoint, dependsOn: [z${index}] }`,
    );
    const found = await editor.open(orchestration('many', ...steps)).diagnostics();
    expect(found).toHaveLength(100);
    expect(found[99]?.message).toMatch(/^no step is named "z99": /);
  });
});

describe('a text that is half-written', () => {
  test('is answered about at every length', async () => {
    const whole = release(STEPS.replace('runIf: Failed', 'when: steps.build.phase == "Failed"'));
    const lengths = Array.from(
      { length: Math.ceil((whole.length - HEAD.length) / 3) },
      (_, at) => HEAD.length + 3 * at,
    );
    const counts = lengths.map(async (length) => {
      const text = editor.open(`${whole.slice(0, length)}‸`);
      await Promise.all([text.complete(), text.hover(), text.define(), text.outline(), text.actions()]);
      const { length: count } = await text.diagnostics();
      text.close();
      return count;
    });
    expect(Math.max(...(await Promise.all(counts)))).toBeLessThan(10);
  });
});

describe('completion', () => {
  const labels = async (text: string) => (await editor.open(text).complete()).map(({ label }) => label);

  test.each([
    ['a flow list', '[bui‸]'],
    ['an empty flow list', '[‸]'],
    ['a block list', '\n        - bu‸'],
    ['an empty entry of a block list', '\n        - ‸'],
  ])('of dependsOn offers steps in %s, but not the step itself and what waits for it', async (_, list) => {
    expect(await labels(release(STEPS.replace('[build]', list)))).toEqual(['build']);
  });

  test('writes a name into dependsOn', async () => {
    const text = editor.open(release(STEPS.replace('[test-web]', '[test-web, b‸]')));
    expect(await text.accept('build')).toContain('dependsOn: [test-web, build]');
  });

  test.each([
    ['variables and functions', 'when: st‸', ['parameters', 'run', 'steps', 'has']],
    ['steps', 'when: steps.‸', ['build', 'test-web']],
    ['steps in brackets', 'when: steps["‸', ['build', 'test-web']],
    ['fields of a step', 'when: steps.test-web.‸', ['phase', 'reason', 'attempt', 'outputs']],
    ['outputs of a step', 'when: steps.build.outputs.i‸ == "x"', ['image']],
    ['fields of the run', 'when: run.‸', ['name', 'namespace', 'uid', 'orchestration', 'deliveryId']],
    ['declared parameters', 'when: parameters.‸', ['environment', 'release-notes']],
    ['functions behind a value', 'when: run.name.‸', ['size', 'contains', 'matches', 'filter']],
    ['the child in outputs', 'outputs:\n        x: ch‸', ['child', 'steps']],
  ])('of an expression offers %s', async (_, field, wanted) => {
    const policies = '  policies:\n    parameters: { environment: {}, release-notes: {} }\n';
    const text = release(STEPS.replace('runIf: Failed', field), policies);
    expect(await labels(text)).toEqual(expect.arrayContaining(wanted));
  });

  test('of a placeholder offers the same, and outside of it nothing', async () => {
    const deploy = (image: string) =>
      release(
        `${STEPS}    - name: deploy\n      kind: ToolRun\n      toolRef: { name: x }\n      dependsOn: [build]\n      with:\n        image: ${image}\n`,
      );
    expect(await labels(deploy('web:${{ steps.build.outputs.‸ }}'))).toEqual(['image']);
    expect(await labels(deploy('web:${{ steps.build.phase }} steps.‸'))).toEqual([]);
  });

  test('of a step that is no ancestor also adds it to dependsOn', async () => {
    const more = `    - name: deploy\n      kind: ToolRun\n      toolRef: { name: x }\n      dependsOn: [build]\n      when: steps.‸\n`;
    const written = await editor.open(release(STEPS + more)).accept('test-web');
    expect(written).toContain('dependsOn: [build, test-web]\n      when: steps.test-web\n');
  });

  test('puts a parameter that is no identifier into brackets', async () => {
    const policies = '  policies:\n    parameters: { release-notes: {} }\n';
    const text = release(STEPS.replace('runIf: Failed', 'when: parameters.rel‸ == ""'), policies);
    expect(await editor.open(text).accept('release-notes')).toContain('when: parameters["release-notes"] == ""');
  });

  test.each([
    ['a key that is begun', 'ret‸'],
    ['an empty line', '‸'],
  ])('of %s offers the fields that a kind reads and that are not there', async (_, word) => {
    const text = editor.open(release(STEPS.replace('runIf: Failed', word)));
    const items = await text.complete();
    const found = items.map(({ label }) => label);
    expect(found).toEqual(expect.arrayContaining(['retries', 'when', 'runIf']));
    expect(found).not.toContain('name');
    expect(found).not.toContain('toolRef');
    expect(items.find(({ label }) => label === 'retries')?.documentation).toMatch(/^Maximum number of attempts/);
    expect(await text.accept('retries')).toContain('kind: Checkpoint\n      retries: \n      dependsOn');
  });

  test('of the fields of policies offers those inside', async () => {
    const text = release(STEPS, '  policies:\n    timeouts:\n      to‸\n');
    expect(await labels(text)).toEqual(['totalSeconds', 'cleanupSeconds']);
  });

  test.each([
    ['kind: Check‸', 'ToolRun'],
    ['kind: ‸', 'SignalWait'],
    ['kind: Checkpoint\n      runIf: ‸', 'Always'],
    ['kind: ToolRun\n      continueOnFailure: ‸', 'true'],
  ])('of %s offers %s', async (field, wanted) => {
    expect(await labels(release(`    - name: a\n      ${field}\n`))).toContain(wanted);
  });

  test('offers the other Orchestrations of the file to a SubOrchestration', async () => {
    const inner = release(STEPS).replace('release', 'inner');
    const outer = release('    - name: a\n      kind: SubOrchestration\n      orchestrationRef: { name: in‸ }\n');
    expect(await labels(`${inner}---\n${outer}`)).toEqual(['inner']);
  });
});

describe('go to definition', () => {
  test.each([
    ['dependsOn', STEPS.replace('[build]', '[bui‸ld]'), '6: build'],
    ['an expression', STEPS.replace('runIf: Failed', 'when: steps.test-w‸eb.attempt > 1'), '11: test-web'],
    ['an output', STEPS.replace('runIf: Failed', 'when: steps.build.outputs.ima‸ge == "x"'), '10: image'],
    ['brackets', STEPS.replace('runIf: Failed', 'when: steps["bu‸ild"].phase == "x"'), '6: build'],
  ])('leads from %s to the step', async (_, steps, wanted) => {
    expect(await editor.open(release(steps)).define()).toBe(wanted);
  });

  test('leads from a placeholder in a block of text to the step', async () => {
    const more = `    - name: deploy
      kind: ToolRun
      toolRef: { name: x }
      dependsOn: [build]
      with:
        text: |
          First a line.
          The image is \${{ steps.build.outputs.im‸age }}.
`;
    expect(await editor.open(release(STEPS + more)).define()).toBe('10: image');
  });

  test('leads from a parameter to its declaration, and from the entrypoint to its step', async () => {
    const policies = '  policies:\n    parameters: { mode: {} }\n';
    const steps = STEPS.replace('runIf: Failed', 'when: parameters.mo‸de == "x"');
    expect(await editor.open(release(steps, policies)).define()).toBe('6: mode');
    expect(await editor.open(release(STEPS, '  entrypoint: no‸tify\n')).define()).toBe('16: notify');
  });

  test('leads from a SubOrchestration to the Orchestration in the same file', async () => {
    const outer = release('    - name: a\n      kind: SubOrchestration\n      orchestrationRef: { name: in‸ner }\n');
    expect(await editor.open(`${outer}---\n${release(STEPS).replace('release', 'inner')}`).define()).toBe('12: inner');
  });

  test('leads nowhere from a step that does not exist', async () => {
    expect(await editor.open(release(STEPS.replace('[build]', '[go‸ne]'))).define()).toBeUndefined();
  });
});

describe('hover', () => {
  test('on a step shows its wave, its ancestors and what its failure skips', async () => {
    expect(await editor.open(release(STEPS.replace('[build]', '[bu‸ild]'))).hover()).toBe(
      '**build** ToolRun: runs a Tool\n\n- Wave 1 of 3\n- Starts first: it has no ancestors\n- If it fails, that skips 1: `test-web`, and starts `notify`\n',
    );
    expect(await editor.open(release(STEPS.replace('name: notify', 'name: no‸tify'))).hover()).toBe(
      '**notify** Checkpoint: marks a place in the graph\n\n- Wave 3 of 3\n- Starts after `test-web`\n- Ancestors (2): `build`, `test-web`\n- Runs on a condition: `runIf Failed`\n- If it fails, that skips no other step\n',
    );
  });

  test('on a step of a loop says that it can never start', async () => {
    const text = release(
      '    - { name: ‸a, kind: Checkpoint, dependsOn: [b] }\n    - { name: b, kind: Checkpoint, dependsOn: [a] }\n',
    );
    expect(await editor.open(text).hover()).toContain('Can never start: it is on a dependency cycle');
  });

  test('on a field shows what it means, and on a kind what it does', async () => {
    expect(await editor.open(release(STEPS.replace('runIf', 'run‸If'))).hover()).toMatch(/^When the step runs: /);
    expect(await editor.open(release(STEPS.replace('Checkpoint', 'Check‸point'))).hover()).toBe(
      'A Checkpoint step marks a place in the graph.',
    );
  });

  test('shows a name with Markdown in it as text', async () => {
    const text = release('    - { name: "[‸x](http://a.b)`", kind: Checkpoint }\n');
    expect(await editor.open(text).hover()).toMatch(/^\*\*\\\[x\\\]\\\(http:\/\/a\\\.b\\\)\\`\*\*/);
  });
});

describe('quick fixes', () => {
  test('change a name to the one that it resembles, or remove it', async () => {
    const text = editor.open(release(STEPS.replace('[build]', '[biu‸ld]')));
    const actions = await text.actions();
    expect(actions.map(({ title, kind }) => `${kind} ${title}`)).toEqual([
      'quickfix Change it to "build"',
      'quickfix Remove "biuld" from dependsOn',
    ]);
    const [change, remove] = actions.map(text.apply);
    expect(change).toBe(release(STEPS));
    expect(remove).toBe(release(STEPS.replace('[build]', '[]')));
  });

  test('are none where nothing is wrong', async () => {
    expect(await editor.open(release(STEPS.replace('[build]', '[bui‸ld]'))).actions()).toEqual([]);
  });
});

test('the outline has each object with its steps', async () => {
  const found = await editor.open(`${release(STEPS)}---\n${release(STEPS).replace('release', 'other')}`).outline();
  expect(
    found.map(({ name, children = [] }) => [name, children.map((child) => `${child.name} ${child.detail}`)]),
  ).toEqual([
    ['release', ['build ToolRun', 'test-web ToolRun', 'notify Checkpoint']],
    ['other', ['build ToolRun', 'test-web ToolRun', 'notify Checkpoint']],
  ]);
});

describe('the server', () => {
  test('answers about a file of 1,000 steps while it is typed', async () => {
    const steps = Array.from(
      { length: 999 },
      (_, index) => `{ name: s${index}, kind: Checkpoint, dependsOn: [s${Math.max(0, index - 1)}] }`,
    );
    const text = editor.open(orchestration('large', ...steps, '{ name: last, kind: Checkpoint, dependsOn: [s‸] }'));
    const items = await text.complete();
    expect(items).toHaveLength(999);
    expect(await text.hover()).toBeUndefined();
    expect((await text.diagnostics()).map(({ code }) => code)).toEqual(['SelfDependency', 'MissingDependency']);
  });

  test('ends when the editor says so', async () => {
    const other = await startEditor();
    expect(await other.end()).toBe(0);
  });

  test('ends when the editor goes away without a word', async () => {
    const other = await startEditor();
    const exited = once(other.process, 'exit');
    other.process.stdin?.end();
    expect(await exited).toEqual([1, null]);
  });
});
