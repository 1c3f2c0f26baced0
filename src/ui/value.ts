import { readRun } from '../cli/cluster/run.ts';
import { displayName } from '../dag/display.ts';
import type { KubeObject } from '../objects/object.ts';
import { decodeOrchestration } from '../orchestration/decode.ts';
import { listInputTexts } from '../orchestration/input-texts.ts';
import { stepKinds } from '../orchestration/kinds/table.ts';
import type { ValueQuery } from './page/protocol.ts';
import { nameInput } from './picture.ts';

/** Finds a whole value of a run. `graph` is the Orchestration that the run follows. Names are as the page shows them. */
export function findValue(run: KubeObject, graph: unknown, { of, step, name }: ValueQuery): string | undefined {
  const { spec, status } = readRun(run);
  if (of === 'inputs') {
    const declared = decodeOrchestration(graph).orchestration.steps.find((one) => one.name === step);
    const texts = declared === undefined ? [] : listInputTexts(declared, stepKinds.get(declared.kind));
    return texts.find(({ path }) => nameInput(path) === name)?.text;
  }
  const outputs = status.stepStatuses.find((one) => one.name === step)?.outputs;
  const values = (of === 'parameters' ? spec.parameters : outputs) ?? {};
  return Object.entries(values).find(([key]) => displayName(key) === name)?.[1];
}
