import { annotatingCommand } from '../cluster/annotate.ts';
import { resuming } from '../cluster/wishes.ts';

export const resume = annotatingCommand({
  verb: 'resume',
  details: 'It undoes suspend.',
  wish: () => resuming,
});
