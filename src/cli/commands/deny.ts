import { decidingCommand } from '../cluster/deciding-command.ts';

export const deny = decidingCommand('deny', 'The step fails, however many approve. You cannot take it back.');
