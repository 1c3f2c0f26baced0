import type { Certificates, Load, Server } from '../gate/processes.ts';
import { sampleReview } from '../gate/reviews.ts';
import type { Row } from '../table.ts';
import { type Contest, type Effort, takeTurns } from '../turns.ts';

const CONNECTIONS = 16;
/** The steps of a review. Most graphs are smaller than the first size, and the last size is the default limit. */
const SIZES = [20, 100, 1000];

export interface Servers {
  readonly gate: Server;
  readonly pepr: Server;
  readonly load: Load;
  readonly certificates: Certificates;
}

/**
 * Measures reviews a second of the gate and of Pepr. Each of 16 connections sends again as soon as it has its answer.
 */
export async function measureServers({ gate, pepr, load, certificates }: Servers, effort: Effort): Promise<Row[]> {
  const contests = SIZES.map((steps): Contest => {
    const samples = Array.from({ length: CONNECTIONS }, (_, index) => sampleReview(steps, index));
    const side =
      ({ port, path }: Server) =>
      async () => {
        const order = { port, ...(path !== undefined && { path }), ca: certificates.ca, samples };
        return (await load.send({ ...order, milliseconds: effort.milliseconds })).perSecond;
      };
    return {
      row: { what: `reviews of ${steps} steps`, unit: '/s', against: 'Pepr', budget: { minRatio: 3 } },
      ours: side(gate),
      other: side(pepr),
    };
  });
  return takeTurns(contests, effort.rounds);
}
