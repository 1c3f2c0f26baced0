import { annotatingCommand } from '../cluster/annotate.ts';
import { suspending } from '../cluster/wishes.ts';

export const suspend = annotatingCommand({
  verb: 'suspend',
  details: 'Steps that run already continue to their end.',
  wish: () => suspending,
});
