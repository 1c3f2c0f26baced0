import { annotatingCommand } from '../cluster/annotate.ts';
import { cancelling } from '../cluster/wishes.ts';
import { toggle } from '../flags.ts';

export const cancel = annotatingCommand({
  verb: 'cancel',
  details:
    'It stops the steps that run, and starts no others, except those with runIf: Always, which clean up. You cannot undo it.',
  flags: { isNow: { flag: 'now', kind: toggle, help: 'end the cleanup too, or run none' } },
  examples: ['cancel release-42 --now'],
  wish: ({ isNow }) => cancelling(isNow === true),
});
