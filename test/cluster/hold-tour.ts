// Puts a gate in front of a control plane and serves the page, takes a step that expects a wrong result, and
// stays up until SIGINT.
import { once } from 'node:events';
import { kubectl, putGateInFront } from '../../scripts/tour/commands.ts';
import { perform } from '../../scripts/tour/stage.ts';
import { tour } from '../../scripts/tour/tour.ts';
import { readSettings } from '../support/controlplane/settings.ts';

process.exitCode = await perform({
  settings: readSettings(process.env),
  steps: [
    ...tour.slice(0, tour.findIndex(({ command }) => command === putGateInFront) + 1),
    {
      command: kubectl(['get', 'namespace', 'default', '-o', 'name']),
      told: 'lost',
      exitCode: 1,
      prints: ['nowhere', 'x'],
    },
  ],
  teller: { write: (text) => process.stdout.write(text), isTerminal: false, paint: (_style, text) => text },
  page: 'served',
  waitForEnd: () => once(process, 'SIGINT'),
});
