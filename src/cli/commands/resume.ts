import { annotatingCommand } from '../cluster/annotate.ts';
import { SUSPEND } from '../cluster/run.ts';

export const resume = annotatingCommand({
  verb: 'resume',
  details: 'It undoes suspend.',
  annotation: SUSPEND,
  value: null,
  isMade: ({ isSuspended }) => !isSuspended,
  done: 'is resumed',
  again: 'is not suspended',
});
