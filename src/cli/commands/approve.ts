import { decidingCommand } from '../cluster/deciding-command.ts';

export const approve = decidingCommand(
  'approve',
  'The step succeeds when as many people have approved it as it asks for. You cannot undo it.',
);
