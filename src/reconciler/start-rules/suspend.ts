import { START, type StartRule, wait } from './rule.ts';

/** While the run is suspended, nothing starts. */
export const suspend: StartRule = {
  judges: 'EachAttempt',
  order: 'Dependencies',
  prepare: ({ observation }) => {
    const verdict = observation.run.isSuspended ? wait() : START;
    return () => verdict;
  },
};
