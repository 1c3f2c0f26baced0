import { Annotation } from '../../orchestration/vocabulary/metadata.ts';
import { annotatingCommand } from '../cluster/annotate.ts';

export const cancel = annotatingCommand({
  verb: 'cancel',
  details: 'Running children are deleted and nothing new starts. You cannot take it back.',
  annotation: Annotation.Cancel,
  value: 'true',
  isMade: ({ isCancelled }) => isCancelled,
  done: 'is being cancelled',
  again: 'is being cancelled already',
  wishedEnd: 'Cancelled',
});
