import { agentRun } from './agent-run.ts';
import { approvalGate } from './approval-gate.ts';
import { checkpoint } from './checkpoint.ts';
import { memoryOp } from './memory-op.ts';
import { signalWait } from './signal-wait.ts';
import { createStepKinds } from './step-kinds.ts';
import { subOrchestration } from './sub-orchestration.ts';
import { toolRun } from './tool-run.ts';

/** Every step kind there is. A new one is a module, a row, and `make generate`. */
export const stepKinds = createStepKinds([
  agentRun,
  toolRun,
  subOrchestration,
  approvalGate,
  signalWait,
  checkpoint,
  memoryOp,
]);
