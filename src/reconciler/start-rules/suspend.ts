import { START, type StartRule, wait } from './rule.ts';

/** While the run is suspended, nothing starts but the cleanup of a run that is ending. */
export const suspend: StartRule = {
  judges: 'EachAttempt',
  order: 'Dependencies',
  prepare: ({ observation, ending }) => {
    const verdict = observation.run.isSuspended && ending === undefined ? wait() : START;
    return () => verdict;
  },
};
