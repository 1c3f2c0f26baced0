import { mentionsObject, readReference } from './references.ts';
import type { Step } from './schema.ts';

/** Given whole, where everything else is referred to by name. */
const IMPLEMENTATION = 'implementation';

/** What each step kind needs: one of each of these lists, in any spelling. */
const needs: ReadonlyMap<string, readonly (readonly string[])[]> = new Map([
  ['AgentRun', [['agentRef'], ['implementationSpecRef', IMPLEMENTATION]]],
  ['ToolRun', [['toolRef']]],
  ['SubOrchestration', [['orchestrationRef']]],
  ['ApprovalGate', [['policyRef']]],
  ['SignalWait', [['signalRef', 'deliveryId']]],
  ['Checkpoint', []],
  ['MemoryOp', []],
]);

const NOTHING: readonly (readonly string[])[] = [];

/** Every step kind there is. */
export const knownKinds: readonly string[] = [...needs.keys()];

export function isKnownKind(kind: string): boolean {
  return needs.has(kind);
}

/** What the kind of a step needs: one of each of these lists. */
export function neededBy({ kind }: Step): readonly (readonly string[])[] {
  return needs.get(kind) ?? NOTHING;
}

/** Whether a step gives one of these fields, in any spelling. Whether JSON text of an object is sound is asked of its child. */
export function givesAny(step: Step, fields: readonly string[]): boolean {
  for (const field of fields) {
    if (field === IMPLEMENTATION ? mentionsObject(step, field) : readReference(step, field) !== undefined) return true;
  }
  return false;
}
