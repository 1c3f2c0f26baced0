import { displayName, listNames, quoteName } from '../dag/display.ts';
import { renderValue } from '../expressions/render.ts';
import type { Outcome } from '../orchestration/kinds/kind.ts';
import type { Outputs } from '../orchestration/outputs.ts';
import type { Step } from '../orchestration/schema.ts';
import { type Pass, stepAt } from './pass.ts';

/** The outputs of an attempt, undefined if there are none, or why the attempt fails. */
export interface Collected {
  readonly outputs?: Outputs;
  readonly failure?: string;
}

/** Whether a step declares outputs. They are evaluated with the object that carried the step out. */
export function declaresOutputs({ outputs = {} }: Step): boolean {
  return Object.keys(outputs).length > 0;
}

/**
 * Returns the outputs of an attempt that succeeded: those that its child gives by itself, and those that the step
 * declares, which take precedence. As long as the child has not been read, the declared ones are missing: see
 * `planWithOpenings`.
 */
export function collectOutputs(
  pass: Pass,
  index: number,
  { outputs: given, unknownOutputs }: Extract<Outcome, { state: 'Succeeded' }>,
): Collected {
  const { outputs: declared, failure } = evaluateDeclared(pass, index);
  if (failure !== undefined)
    return { failure: unknownOutputs === undefined ? failure : `${failure} (${unknownOutputs})` };
  const outputs = { ...given, ...declared };
  if (Object.keys(outputs).length === 0) return {};
  const excess = pass.makeRoom(outputs);
  return excess === undefined ? { outputs } : { failure: excess };
}

function evaluateDeclared(pass: Pass, index: number): Collected {
  const { kinds, sources, watched } = pass.observation;
  const { step, status } = stepAt(pass, index);
  const kind = kinds.get(step.kind);
  if (!declaresOutputs(step)) return {};
  if (kind === undefined || kind.type === 'Immediate') return evaluateAll(pass, step, undefined);
  const isRead = sources?.has(step.name) === true;
  const source = sources?.get(step.name);
  if (kind.type === 'Gate' && kind.viewChild !== undefined && (isRead || !watched.get(step.name)?.length))
    return evaluateAll(pass, step, kind.viewChild(source, status.approvals ?? []));
  if (!isRead) return {};
  if (source === undefined) {
    const names = listNames(Object.keys(step.outputs ?? {}));
    const child = status.resourceRef === undefined ? `the ${kind.kind}` : `${kind.kind} ${status.resourceRef.name}`;
    return { failure: `cannot evaluate the outputs ${names}: ${child} is gone` };
  }
  return evaluateAll(pass, step, (kind.type === 'Child' && kind.viewChild?.(source)) || source);
}

/** The failure names the first output that cannot be evaluated, its expression and the cause. */
function evaluateAll({ inputs }: Pass, step: Step, child: object | undefined): Collected {
  const outputs: [string, string][] = [];
  for (const [name, expression] of Object.entries(step.outputs ?? {})) {
    const result = inputs.evaluateOutput(step, expression, child);
    if (result.type !== 'Value')
      return {
        failure: `output ${quoteName(name)} cannot be evaluated: ${displayName(expression)}: ${result.message}`,
      };
    outputs.push([name, renderValue(result.value).toWellFormed()]);
  }
  return { outputs: Object.fromEntries(outputs) };
}
