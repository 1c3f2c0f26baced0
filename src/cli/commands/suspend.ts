import { Annotation } from '../../orchestration/vocabulary/metadata.ts';
import { annotatingCommand } from '../cluster/annotate.ts';

export const suspend = annotatingCommand({
  verb: 'suspend',
  details: 'Steps that run continue to their end; no other starts until you resume the run.',
  wish: () => ({
    annotation: Annotation.Suspend,
    value: 'true',
    isMade: ({ isSuspended }) => isSuspended,
    done: 'is suspended: running steps continue, no other starts',
    again: 'is suspended already',
  }),
});
