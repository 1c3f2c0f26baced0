import { decidingCommand } from '../cluster/deciding-command.ts';

export const approve = decidingCommand(
  'approve',
  'The step succeeds when the number of people that it requires have approved it. You cannot undo an approval.',
);
