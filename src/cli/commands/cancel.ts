import { annotatingCommand } from '../cluster/annotate.ts';
import { cancelling } from '../cluster/wishes.ts';
import { toggle } from '../flags.ts';

export const cancel = annotatingCommand({
  verb: 'cancel',
  details:
    'Running children are deleted and nothing new starts, except steps with runIf: Always, which clean up. You cannot take it back.',
  flags: { isNow: { flag: 'now', kind: toggle, help: 'end the cleanup too, or run none' } },
  examples: ['cancel release-42 --now'],
  wish: ({ isNow }) => cancelling(isNow === true),
});
