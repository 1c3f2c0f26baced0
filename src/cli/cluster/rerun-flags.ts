import { anyText, type Flags, toggle } from '../flags.ts';

/** The flags that say how a run is continued. */
export const rerunFlags = {
  from: {
    flag: 'from',
    kind: anyText('STEP'),
    help: 'run that step again too, with its descendants',
    isList: true,
  },
  isLatest: { flag: 'latest', kind: toggle, help: 'follow the current Orchestration, not that of the run' },
} as const satisfies Flags;
