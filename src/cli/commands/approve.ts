import { decidingCommand } from '../cluster/deciding-command.ts';

export const approve = decidingCommand(
  'approve',
  'The step goes on when as many people have approved as it asks for. You cannot take it back.',
);
