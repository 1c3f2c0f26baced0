import { Annotation } from '../../orchestration/vocabulary/metadata.ts';
import { annotatingCommand } from '../cluster/annotate.ts';
import { toggle } from '../flags.ts';

export const cancel = annotatingCommand({
  verb: 'cancel',
  details:
    'Running children are deleted and nothing new starts, except steps with runIf: Always, which clean up. You cannot take it back.',
  flags: { isNow: { flag: 'now', kind: toggle, help: 'end the cleanup too, or run none' } },
  examples: ['cancel release-42 --now'],
  wish: ({ isNow }) => ({
    annotation: Annotation.Cancel,
    value: isNow ? 'now' : 'true',
    isMade: (run) => (isNow ? run.isCancelledNow : run.isCancelled),
    done: isNow ? 'is being cancelled, without cleanup' : 'is being cancelled',
    again: isNow ? 'is being cancelled already, without cleanup' : 'is being cancelled already',
    wishedEnd: 'Cancelled',
  }),
});
