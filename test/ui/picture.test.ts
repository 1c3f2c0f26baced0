import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Step } from '../../src/orchestration/schema.ts';
import { drawEdges } from '../../src/ui/page/graph/edges.ts';
import { drawPicture } from '../../src/ui/picture.ts';
import { step } from './runs.ts';

const draw = (...steps: readonly Step[]) => drawPicture({ metadata: { name: 'o' }, spec: { steps } });
type Picture = ReturnType<typeof draw>;

/** Pairs of boxes that overlap, and boxes that are on no band. */
function findFaults({ boxes, bands }: Picture): string[] {
  const faults: string[] = [];
  for (const [index, a] of boxes.entries()) {
    const isOn = bands.some(
      (b) => a.x >= b.x && a.y >= b.y && a.x + a.width <= b.x + b.width + 0.1 && a.y + a.height <= b.y + b.height + 0.1,
    );
    if (!isOn) faults.push(`${index} is on no band`);
    for (const [other, b] of boxes.entries()) {
      if (other > index && a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height) {
        faults.push(`${index} is on ${other}`);
      }
    }
  }
  return faults;
}

describe('a picture', () => {
  test('of a diamond has three waves, from left to right', () => {
    const picture = draw(step('a'), step('b', ['a']), step('c', ['a']), step('d', ['b', 'c']));
    expect(picture.bands.map(({ heading }) => heading)).toEqual(['wave 1', 'wave 2', 'wave 3']);
    const [a, b, c, d] = picture.boxes.map(({ x }) => x);
    expect([b === c, Number(a) < Number(b), Number(c) < Number(d)]).toEqual([true, true, true]);
    expect(picture.edges).toHaveLength(4);
    expect(findFaults(picture)).toEqual([]);
  });

  test('of a loop has the problem, the edges of the loop and the steps that cannot start', () => {
    const picture = draw(step('a', ['c']), step('b', ['a']), step('c', ['b']), step('d', ['c', 'gone']));
    expect(picture.boxes.map(({ label, state }) => `${label} ${state}`)).toEqual([
      ...['a loop', 'b loop', 'c loop', 'd stuck', 'gone missing'],
    ]);
    expect(picture.edges.filter(({ isOnLoop }) => isOnLoop).map(({ from, to }) => [from, to])).toEqual([
      [2, 0],
      [0, 1],
      [1, 2],
    ]);
    expect(picture.problems.map(({ code }) => code)).toEqual(['DependencyCycle', 'MissingDependency']);
    expect(picture.problems[0]?.message).toContain('a → c → b → a');
  });

  test('has the condition and the inputs of each step, and one edge for a dependency that is also read', () => {
    const { boxes, edges } = draw(
      { name: 'a', kind: 'ToolRun' },
      { name: 'b', kind: 'ToolRun', dependsOn: ['a'], with: { x: 'v${{ steps.a.outputs.x }}', y: 'text' } },
      { name: 'c', kind: 'ToolRun', dependsOn: ['b'], runIf: 'Always', when: 'steps.a.phase == "Failed"' },
    );
    expect(boxes.map(({ condition }) => condition)).toEqual(['', '', 'runIf Always, when steps.a.phase == "Failed"']);
    expect(boxes.map(({ inputs }) => inputs)).toEqual([
      [],
      [{ name: 'with.x', value: 'v${{ steps.a.outputs.x }}' }],
      [],
    ]);
    expect(edges.map(({ from, to, isOrder, reads }) => [from, to, isOrder, reads])).toEqual([
      [0, 1, true, ['outputs.x']],
      [1, 2, true, []],
      [0, 2, false, ['phase']],
    ]);
  });

  test('begins an edge with a dot if it carries data, and no other', () => {
    const { edges, ...picture } = draw(
      step('a'),
      step('b', ['a'], { with: { x: '${{ steps.a.phase }}' } }),
      step('c', ['b']),
    );
    const dots = edges.map((edge) => drawEdges({ ...picture, edges }, [edge]).heads.includes('a3.5 3.5'));
    expect(dots).toEqual([true, false]);
  });

  test('of an empty list is drawn, with the problem', () => {
    expect(draw()).toMatchObject({ boxes: [], bands: [], problems: [{ code: 'MissingSteps' }] });
  });

  test('of any graph has no overlapping boxes, and every box is on the band of its wave', () => {
    const graph = fc
      .integer({ min: 1, max: 60 })
      .chain((size) =>
        fc.array(fc.array(fc.nat({ max: size }), { maxLength: 4 }), { minLength: size, maxLength: size }),
      );
    fc.assert(
      fc.property(graph, (lists) => {
        const picture = draw(
          ...lists.map((list, index) =>
            step(
              `s${index}`,
              list.map((target) => `s${target}`),
            ),
          ),
        );
        expect(findFaults(picture)).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  test.each([
    ['a wave of 1,000', (index: number) => (index === 0 ? [] : ['s0'])],
    ['1,000 waves', (index: number) => (index === 0 ? [] : [`s${index - 1}`])],
  ])('of %s has about the proportions of a window', (_, dependsOn) => {
    const picture = draw(...Array.from({ length: 1000 }, (_unused, index) => step(`s${index}`, dependsOn(index))));
    expect(findFaults(picture)).toEqual([]);
    expect(picture.width / picture.height).toBeGreaterThan(0.8);
    expect(picture.width / picture.height).toBeLessThan(4);
  });
});
