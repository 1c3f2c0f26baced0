import { annotatingCommand } from '../cluster/annotate.ts';
import { suspending } from '../cluster/wishes.ts';

export const suspend = annotatingCommand({
  verb: 'suspend',
  details: 'Steps that run continue to their end; no other starts until you resume the run.',
  wish: () => suspending,
});
