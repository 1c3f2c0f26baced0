import { Annotation } from '../../orchestration/vocabulary/metadata.ts';
import { annotatingCommand } from '../cluster/annotate.ts';

export const resume = annotatingCommand({
  verb: 'resume',
  details: 'It undoes suspend.',
  wish: () => ({
    annotation: Annotation.Suspend,
    value: null,
    isMade: ({ isSuspended }) => !isSuspended,
    done: 'is resumed',
    again: 'is not suspended',
  }),
});
