import { agentRun } from './agent-run.ts';
import { approvalGate } from './approval-gate.ts';
import { checkpoint } from './checkpoint.ts';
import type { StepKind } from './kind.ts';
import { memoryOp } from './memory-op.ts';
import { signalWait } from './signal-wait.ts';
import { subOrchestration } from './sub-orchestration.ts';
import { toolRun } from './tool-run.ts';

/** Every step kind there is. A new one is a module and a row. */
export const stepKinds: ReadonlyMap<string, StepKind> = new Map<string, StepKind>([
  ['AgentRun', agentRun],
  ['ToolRun', toolRun],
  ['SubOrchestration', subOrchestration],
  ['ApprovalGate', approvalGate],
  ['SignalWait', signalWait],
  ['Checkpoint', checkpoint],
  ['MemoryOp', memoryOp],
]);
