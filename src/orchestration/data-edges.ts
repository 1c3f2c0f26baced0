import type { Reading } from '../expressions/expression.ts';
import type { Orchestration } from './decode.ts';
import type { StepKinds } from './kinds/step-kinds.ts';
import { compileExpressions } from './step-expressions.ts';

/** The step `to` reads a result of the step `from`. Both are indexes. */
export interface DataEdge {
  readonly from: number;
  readonly to: number;
  /** `outputs.image` or `phase`, each once, in the order in which they are read. */
  readonly reads: readonly string[];
}

/**
 * Lists which step reads which, in `when`, inputs and outputs, in the order of the steps that read. Names that no step
 * has, and expressions that do not compile, are left out. Cost: see `compileExpressions`.
 */
export function listDataEdges(orchestration: Orchestration, kinds: StepKinds): readonly DataEdge[] {
  const indexes = indexSteps(orchestration);
  const edges = new Map<string, { from: number; to: number; reads: Set<string> }>();
  for (const { step: to, readings } of compileExpressions(orchestration, kinds)) {
    for (const reading of readings) {
      const from = 'step' in reading ? indexes.get(reading.step) : undefined;
      if (from === undefined) continue;
      const key = `${from} ${to}`;
      const edge = edges.get(key) ?? { from, to, reads: new Set<string>() };
      edges.set(key, edge);
      edge.reads.add(nameRead(reading));
    }
  }
  return [...edges.values()].map(({ reads, ...edge }) => ({ ...edge, reads: [...reads] }));
}

/** Maps names to steps. If several steps have the same name, the first counts. */
export function indexSteps({ steps }: Orchestration): ReadonlyMap<string, number> {
  const indexes = new Map<string, number>();
  for (const [index, { name }] of steps.entries()) if (!indexes.has(name)) indexes.set(name, index);
  return indexes;
}

function nameRead(reading: Reading): string {
  if (reading.type === 'Output') return `outputs.${reading.output}`;
  return 'field' in reading ? reading.field : '';
}
