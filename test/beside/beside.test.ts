import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeNeeding, sharedCluster } from '../support/controlplane/suite.ts';
import { installCrds } from '../support/gate.ts';
import { openGround } from './ground.ts';
import { format, type Row } from './row.ts';
import { admission } from './rows/admission.ts';
import { agentRuns } from './rows/agent-runs.ts';
import { handOver } from './rows/hand-over.ts';
import { toolRuns } from './rows/tool-runs.ts';

const rows: readonly Row[] = [...toolRuns, ...admission, ...agentRuns, ...handOver];

describeNeeding(['controllers', 'loopbackWebhooks'], 'beside the controllers of the agents chart', () => {
  const cluster = sharedCluster();
  const seen = new Map<Row, string>();
  beforeAll(() => installCrds(cluster, 'agents'));
  afterAll(() => {
    const lines = rows.flatMap((row) => (seen.has(row) ? [format(row, seen.get(row) ?? '')] : []));
    console.log(['| case | 0.2 | now |', '|---|---|---|', ...lines].join('\n'));
  });

  it.concurrent.each(rows.map((row) => [row.title, row] as const))('%s', async (_, row) => {
    await using ground = await openGround(cluster);
    const { now, complaints } = await row
      .play(ground)
      .catch((error: Error) => ({ now: error.message, complaints: [error.stack] }));
    seen.set(row, complaints.length === 0 ? now : `**${now}**`);
    expect(complaints).toEqual([]);
  });
});
