import { agentRun } from './agent-run.ts';
import { approvalGate } from './approval-gate.ts';
import { checkpoint } from './checkpoint.ts';
import { memoryOp } from './memory-op.ts';
import { signalWait } from './signal-wait.ts';
import { createStepKinds } from './step-kinds.ts';
import { subOrchestration } from './sub-orchestration.ts';
import { toolRun } from './tool-run.ts';

/** All step kinds. To add one, write a module, add a row here, and run `make generate`. */
export const stepKinds = createStepKinds([
  agentRun,
  toolRun,
  subOrchestration,
  approvalGate,
  signalWait,
  checkpoint,
  memoryOp,
]);
