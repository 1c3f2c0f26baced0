import { Annotation } from '../../orchestration/vocabulary/metadata.ts';
import type { Wish } from './annotate.ts';

/** Cancels a run. `isNow` means without cleanup. */
export function cancelling(isNow: boolean): Wish {
  return {
    annotation: Annotation.Cancel,
    value: isNow ? 'now' : 'true',
    isMade: (run) => (isNow ? run.isCancelledNow : run.isCancelled),
    done: isNow ? 'is being cancelled, without cleanup' : 'is being cancelled',
    again: isNow ? 'is being cancelled already, without cleanup' : 'is being cancelled already',
    wishedEnd: 'Cancelled',
  };
}

export const suspending: Wish = {
  annotation: Annotation.Suspend,
  value: 'true',
  isMade: ({ isSuspended }) => isSuspended,
  done: 'is suspended: running steps continue, no other starts',
  again: 'is suspended already',
};

export const resuming: Wish = {
  annotation: Annotation.Suspend,
  value: null,
  isMade: ({ isSuspended }) => !isSuspended,
  done: 'is resumed',
  again: 'is not suspended',
};
