// Starts a control plane with the gate in front, and shows what the gate does. On a terminal, it stays up until Ctrl-C.
// With --page, the page is served from the start, and on a terminal it opens in a browser.
import { once } from 'node:events';
import { join } from 'node:path';
import { parseArgs, styleText } from 'node:util';
import { readSettings } from '../test/support/controlplane/settings.ts';
import { runsTour } from './tour/runs.ts';
import { perform } from './tour/stage.ts';
import { tour } from './tour/tour.ts';

const needsOwnCluster =
  'make run starts a control plane of its own, since the API server of another cluster cannot reach a gate on this ' +
  "machine's 127.0.0.1: run it without --use-existing-cluster and USE_EXISTING_CLUSTER.";

async function run(): Promise<number> {
  const { values } = parseArgs({
    options: {
      'use-existing-cluster': { type: 'boolean', default: false },
      page: { type: 'boolean', default: false },
    },
  });
  const settings = readSettings(process.env);
  if (values['use-existing-cluster'] || settings.existingKubeconfig !== null) throw new Error(needsOwnCluster);
  process.chdir(join(import.meta.dirname, '..')); // the steps name files from here
  const isWatched = process.stdout.isTTY && !process.env['CI'];
  return perform({
    settings,
    steps: [...tour, ...runsTour],
    teller: {
      write: (text) => process.stdout.write(text),
      isTerminal: isWatched,
      paint: (style, text) => styleText(style, text, { stream: process.stdout }),
    },
    page: !values.page ? null : isWatched ? 'opened' : 'served',
    waitForEnd: isWatched ? () => once(process, 'SIGINT') : null,
  });
}

process.exitCode = await run().catch((error: Error) => {
  console.error(error.message); // the user can repair what goes wrong here, and the message says how
  return 1;
});
