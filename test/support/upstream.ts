import { join } from 'node:path';

/** CRDs and examples of the agents chart, in a folder next to the repository: CONTRIBUTING.md says how to fill it. */
const UPSTREAM = join(import.meta.dirname, '../../../shared/upstream');
export const UPSTREAM_CRDS = join(UPSTREAM, 'crds');
export const UPSTREAM_EXAMPLES = join(UPSTREAM, 'examples');

/** Why a test that needs them is skipped. */
export const LACKS_UPSTREAM = 'not run: there is no ../shared/upstream (CONTRIBUTING.md says how to fill it)';
