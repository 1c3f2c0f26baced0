import type { Scenario } from '../scenario.ts';
import { access } from './access.ts';
import { approvals } from './approvals.ts';
import { besides } from './beside.ts';
import { buckets } from './buckets.ts';
import { builds } from './builds.ts';
import { clocks } from './clocks.ts';
import { concurrency } from './concurrency.ts';
import { crashes } from './crashes.ts';
import { data } from './data.ts';
import { finished } from './finished.ts';
import { forgeries } from './forgeries.ts';
import { history } from './history.ts';
import { leaders } from './leaders.ts';
import { nestings } from './nested.ts';
import { objects } from './objects.ts';
import { obstacles } from './obstacles.ts';
import { quiet } from './quiet.ts';
import { replies } from './replies.ts';
import { reruns } from './reruns.ts';
import { servers } from './servers.ts';
import { watches } from './watches.ts';

/** Everything that must be survived, in the order of its number. */
export const scenarios: readonly Scenario[] = [
  ...[...crashes, ...replies, ...watches, ...objects, ...servers, ...leaders, ...access, ...builds, ...quiet],
  ...[
    ...history,
    ...obstacles,
    ...clocks,
    ...nestings,
    ...forgeries,
    ...besides,
    ...finished,
    ...data,
    ...reruns,
    ...concurrency,
    ...approvals,
    ...buckets,
  ],
].toSorted((one, other) => Number.parseInt(one.id.slice(1), 10) - Number.parseInt(other.id.slice(1), 10));
