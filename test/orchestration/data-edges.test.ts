import { expect, test } from 'vitest';
import { listDataEdges } from '../../src/orchestration/data-edges.ts';
import { decodeOrchestration } from '../../src/orchestration/decode.ts';
import { stepKinds } from '../../src/orchestration/kinds/table.ts';

function edges(...steps: readonly object[]): string[] {
  const { orchestration } = decodeOrchestration({ spec: { steps } });
  const nameOf = (index: number) => orchestration.steps[index]?.name;
  return listDataEdges(orchestration, stepKinds).map(
    ({ from, to, reads }) => `${nameOf(from)} -> ${nameOf(to)}: ${reads.join(' ')}`,
  );
}

test('a step reads others in its condition, its inputs and its outputs', () => {
  expect(
    edges(
      { name: 'a', kind: 'ToolRun' },
      { name: 'b-c', kind: 'ToolRun' },
      {
        name: 'd',
        kind: 'AgentRun',
        dependsOn: ['a', 'b-c'],
        when: 'steps.b-c.phase == "Succeeded" && steps.a.phase == ""',
        goal: '{"objective": "${{ steps.a.outputs.x }} ${{ steps.a.outputs.x }}"}',
        outputs: { y: 'steps["b-c"].reason + steps.a.phase' },
      },
    ),
  ).toEqual(['b-c -> d: phase reason', 'a -> d: phase outputs.x']);
});

test('what no step has, what does not compile, and what is no expression makes no edge', () => {
  expect(
    edges(
      { name: 'a', kind: 'Checkpoint', with: { x: '${{ steps.b.phase }}' } },
      { name: 'b', kind: 'ToolRun', when: 'steps.gone.phase == ""', with: { x: '{{ steps.a.phase }}' } },
      { name: 'c', kind: 'ToolRun', when: 'steps.a.phase ==' },
    ),
  ).toEqual([]);
});
