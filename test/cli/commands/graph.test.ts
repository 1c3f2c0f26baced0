import { describe, expect, test } from 'vitest';
import { graph } from '../../../src/cli/commands/graph.ts';
import { orchestration, runOn } from '../run-command.ts';

async function draw(text: string, ...flags: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await runOn(graph, { 'a.yaml': text }, [...flags, 'a.yaml']);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  return stdout;
}

const diamond = orchestration(
  'diamond',
  '{ name: d, kind: Checkpoint, dependsOn: [b, c] }',
  '{ name: a, kind: Checkpoint }',
  '{ name: b, kind: ToolRun, dependsOn: [a] }',
  '{ name: c, kind: ToolRun, dependsOn: [a] }',
);
const sequential = orchestration('line', '{ name: a, kind: Checkpoint }', '{ name: b, kind: Checkpoint }');
const broken = orchestration(
  'broken',
  '{ name: a, kind: Checkpoint, dependsOn: [gone] }',
  '{ name: b, kind: Checkpoint, dependsOn: [a, c] }',
  '{ name: c, kind: Checkpoint, dependsOn: [b] }',
  '{ name: d, kind: Checkpoint, dependsOn: [c] }',
  '{ name: e, kind: Checkpoint, dependsOn: [e, gone] }',
  '{ kind: Checkpoint }',
);

describe('the graph as text', () => {
  test('is wave by wave, with what each step waits for', async () => {
    expect(await draw(diamond)).toBe(`Orchestration ci/diamond
wave 1
- a (Checkpoint)
wave 2
- b (ToolRun) after a
- c (ToolRun) after a
wave 3
- d (Checkpoint) after b, c
`);
  });

  test('has the sequential default, and says so', async () => {
    expect(
      await draw(sequential),
    ).toBe(`Orchestration ci/line (sequential: no step declares dependsOn, so each waits for the one before it)
wave 1
- a (Checkpoint)
wave 2
- b (Checkpoint) after a
`);
  });

  test('has what is broken: loops, what is behind them, what is missing, steps without a name', async () => {
    expect(await draw(broken)).toBe(`Orchestration ci/broken
missing
- gone, wanted by a, e
wave 1
- a (Checkpoint) after gone (missing)
- steps[5] (Checkpoint)
can never start
- b (Checkpoint) after a, c (loop)
- c (Checkpoint) after b (loop)
- d (Checkpoint) after c
- e (Checkpoint) after e (loop), gone (missing)
`);
  });
});

describe('the graph as Mermaid', () => {
  test('has a box a wave, and dashed arrows where nobody wrote them', async () => {
    expect(await draw(sequential, '--format=mermaid')).toBe(`flowchart TB
  subgraph g0["Orchestration ci/line #40;sequential#41;"]
    subgraph g0r0["wave 1"]
      g0s0["a<br/>Checkpoint"]
    end
    subgraph g0r1["wave 2"]
      g0s1["b<br/>Checkpoint"]
    end
  end
  g0s0 -.-> g0s1
  classDef loop stroke:#d1242f,stroke-width:3px
  classDef missing stroke-dasharray:4 3
`);
  });

  test('marks loops, counting arrows over all drawings', async () => {
    const lines = (await draw(`${sequential}---\n${broken}`, '--format=mermaid')).split('\n');
    const arrows = lines.filter((line) => line.includes('->'));
    const marked = /linkStyle ([\d,]+) /
      .exec(lines.at(-2) ?? '')?.[1]
      ?.split(',')
      .map((index) => arrows[Number(index)]);
    expect(marked).toEqual(['  g1s2 --> g1s1', '  g1s1 --> g1s2', '  g1s4 --> g1s4']);
    expect(lines.filter((line) => /:::(loop|missing)$/.test(line)).map((line) => line.trim().slice(0, 4))).toEqual([
      'g1m0',
      'g1s1',
      'g1s2',
      'g1s4',
    ]);
  });
});

describe('the graph as DOT', () => {
  test('has a cluster a wave, and dashed edges where nobody wrote them', async () => {
    expect(await draw(sequential, '--format=dot')).toBe(`digraph {
  graph [fontname="Helvetica", style="rounded", color="#8c959f"];
  node [fontname="Helvetica", shape=box, style="rounded"];
  subgraph cluster_g0 {
    label="Orchestration ci/line (sequential)";
    subgraph cluster_g0r0 {
      label="wave 1";
      g0s0 [label="a\\nCheckpoint"];
    }
    subgraph cluster_g0r1 {
      label="wave 2";
      g0s1 [label="b\\nCheckpoint"];
    }
    g0s0 -> g0s1 [style="dashed"];
  }
}
`);
  });

  test('marks loops and what is missing', async () => {
    const dot = await draw(broken, '--format=dot');
    expect(dot).toContain('g0s2 -> g0s1 [color="#d1242f", penwidth=2];');
    expect(dot).toContain('g0s4 -> g0s4 [color="#d1242f", penwidth=2];');
    expect(dot).toContain('g0s0 -> g0s1;');
    expect(dot).toContain('g0m0 [label="gone\\nmissing", style="dashed"];');
  });
});

describe('the graph as SVG', () => {
  test('stands a wave in a row, the rows in order, and no box on another', async () => {
    const boxes = boxesOf(await draw(diamond, '--format=svg'));
    const [a, b, c, d] = boxes;
    expect(boxes).toHaveLength(4);
    expect(b?.y).toBe(c?.y);
    expect(isAscending([a?.y, b?.y, d?.y])).toBe(true);
    expect(Math.abs((b?.x ?? 0) - (c?.x ?? 0))).toBeGreaterThan(b?.width ?? 0);
  });

  test('keeps a step in its wave however short its arrow could be', async () => {
    const steps = ['a', 'b', 'c', 'd'].map((name) => `{ name: ${name}, kind: Checkpoint }`);
    const late = '{ name: late, kind: Checkpoint, dependsOn: [d, early] }';
    const early = '{ name: early, kind: Checkpoint, dependsOn: [] }';
    const chain = steps.map((step, index) =>
      index === 0 ? step : step.replace(' }', `, dependsOn: [${'abcd'[index - 1]}] }`),
    );
    const boxes = boxesOf(await draw(orchestration('x', ...chain, late, early), '--format=svg'));
    expect(boxes.filter(({ y }) => y === boxes[0]?.y)).toHaveLength(2);
  });

  test('needs nothing from elsewhere, and has colours for light and dark', async () => {
    const svg = await draw(broken, '--format=svg');
    expect(svg.replace('http://www.w3.org/2000/svg', '')).not.toMatch(/http|href|@import|<script/);
    expect(svg).toContain('prefers-color-scheme: dark');
    expect(svg.match(/class="arrow loop"/g)).toHaveLength(3);
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  });

  test('is drawn for no steps at all', async () => {
    expect(await draw(orchestration('none').replace('steps:', 'steps: []'), '--format=svg')).not.toMatch(
      /NaN|Infinity/,
    );
  });

  test('gives up on what would take minutes, and says what to do', async () => {
    const names = Array.from({ length: 60 }, (_, index) => `s${index}`);
    const steps = names.map(
      (name, index) => `{ name: ${name}, kind: X, dependsOn: [${names.slice(0, index).join()}] }`,
    );
    const args = ['--format=svg', 'a.yaml'];
    expect(await runOn(graph, { 'a.yaml': orchestration('complete', ...steps) }, args)).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('use -o dot'),
    });
  });
});

describe('conditions and data', () => {
  const image = 'with: { image: "${{ steps.build.outputs.image }}" }';
  const ship = orchestration(
    'ship',
    '{ name: build, kind: ToolRun }',
    `{ name: test, kind: ToolRun, dependsOn: [build], ${image} }`,
    `{ name: deploy, kind: ToolRun, dependsOn: [test], when: steps.test.attempt == 1 && steps.build.phase != "", ${image} }`,
    '{ name: undo, kind: ToolRun, dependsOn: [deploy], runIf: Failed }',
    '{ name: lost, kind: ToolRun, dependsOn: [], when: steps.gone.phase == "" || steps.lost.phase == "" || }',
  );

  test('are told in the text, the condition whole', async () => {
    expect(await draw(ship)).toBe(`Orchestration ci/ship
wave 1
- build (ToolRun)
- lost (ToolRun); when steps.gone.phase == "" || steps.lost.phase == "" ||
wave 2
- test (ToolRun) after build; reads build.outputs.image
wave 3
- deploy (ToolRun) after test; reads test.attempt, build.phase, build.outputs.image; when steps.test.attempt == 1 && steps.build.phase != ""
wave 4
- undo (ToolRun) after deploy; runIf Failed
`);
  });

  test('are one edge between two steps in JSON: a dependency that is also read is no second edge', async () => {
    const [{ rows, edges }] = JSON.parse(await draw(ship, '-o', 'json'));
    expect(edges).toEqual([
      { from: 's0', to: 's1', isOrder: true, reads: ['outputs.image'], isOnLoop: false },
      { from: 's1', to: 's2', isOrder: true, reads: ['attempt'], isOnLoop: false },
      { from: 's2', to: 's3', isOrder: true, reads: [], isOnLoop: false },
      { from: 's0', to: 's2', isOrder: false, reads: ['phase', 'outputs.image'], isOnLoop: false },
    ]);
    expect(rows[3]).toMatchObject({ heading: 'wave 4', steps: [{ label: 'undo', condition: 'runIf Failed' }] });
  });

  test('have their own lines in every picture, and dashed boxes', async () => {
    const dot = await draw(ship, '-o', 'dot');
    expect(dot).toContain('g0s3 [label="undo\\nToolRun\\nrunIf Failed", style="rounded,dashed"];');
    expect(dot).toMatch(/g0s0 -> g0s1 \[color="#0969da", .*label="outputs.image"\];/);
    expect(dot).toMatch(/g0s0 -> g0s2 \[color="#0969da", .*style="dotted", label="phase\\noutputs.image"\];/);
    expect(dot).toContain('g0s2 -> g0s3;');
    const mermaid = await draw(ship, '-o', 'mermaid');
    expect(mermaid).toContain('g0s3["undo<br/>ToolRun<br/>runIf Failed"]:::conditional');
    expect(mermaid).toContain('  g0s0 -->|"outputs.image"| g0s1\n');
    expect(mermaid).toContain('  g0s0 -.->|"phase<br/>outputs.image"| g0s2\n');
    expect(mermaid).toContain('  linkStyle 0,1 stroke:#0969da\n  linkStyle 3 stroke:#0969da,stroke-dasharray:2 4\n');
    const svg = await draw(ship, '-o', 'svg');
    expect(svg.match(/<rect class="box ready conditional"/g)).toHaveLength(3);
    expect(svg).toMatch(/class="arrow data reads"[^>]*><title>phase, outputs.image<\/title>/);
    expect(svg.match(/class="arrow data"/g)).toHaveLength(2);
  });
});

describe('what is drawn', () => {
  const three = `${diamond}---\n${sequential}---\nkind: Other\n---\n${diamond}`;

  test('is every Orchestration in order', async () => {
    expect((await draw(three)).match(/^Orchestration \S+/gm)).toEqual([
      'Orchestration ci/diamond',
      'Orchestration ci/line',
      'Orchestration ci/diamond',
    ]);
  });

  test('is those of one name', async () => {
    expect((await draw(three, '--name=line')).match(/^Orchestration \S+/gm)).toEqual(['Orchestration ci/line']);
  });

  test('is none of a name that nobody has; what was probably meant is told', async () => {
    expect(await runOn(graph, { 'a.yaml': three }, ['--name', 'lin', 'a.yaml'])).toMatchObject({
      exitCode: 2,
      stdout: '',
      stderr: expect.stringContaining('no Orchestration is named "lin"; did you mean "line"?'),
    });
  });

  test('is the rest of a file that cannot be read as a whole; what is left out is told', async () => {
    expect(await runOn(graph, { 'a.yaml': `a: "\n---\n${diamond}` }, ['a.yaml'])).toMatchObject({
      exitCode: 1,
      stdout: expect.stringContaining('ci/diamond'),
      stderr: 'graph: a.yaml:2:1: not valid YAML: Missing closing "quote\n',
    });
  });

  test('is nothing where there is no Orchestration, which is told', async () => {
    expect(await runOn(graph, { 'a.yaml': 'kind: Other' }, ['a.yaml'])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('the files hold no Orchestration'),
    });
  });
});

function boxesOf(svg: string): { x: number; y: number; width: number }[] {
  const boxes = svg.matchAll(/<rect class="box[^"]*" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)"/g);
  return [...boxes].map(([, x, y, width]) => ({ x: Number(x), y: Number(y), width: Number(width) }));
}

function isAscending(numbers: readonly (number | undefined)[]): boolean {
  return numbers.every((number, index) => index === 0 || (numbers[index - 1] ?? 0) < (number ?? 0));
}
