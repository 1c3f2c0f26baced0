import { decidingCommand } from '../cluster/deciding-command.ts';

export const deny = decidingCommand('deny', 'The step fails, even if others approve it. You cannot undo it.');
