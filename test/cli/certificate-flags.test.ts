import { describe, expect, test } from 'vitest';
import { reconcileCommand } from '../../src/cli/commands/reconcile.ts';
import { configurationOf } from './run-command.ts';

const complete = [
  '--certificates=selfManaged',
  '--certificate-secret=gate-authority',
  '--tls-dir=/tls',
  '--certificate-dns-names=gate.agents.svc, 192.0.2.7,2001:db8::1',
  '--webhook-configurations=mutating/agents-gate-defaulting,validating/agents-gate-orchestrations',
];

describe('the configuration of the certificates', () => {
  test('is off unless it is asked for, and then needs nothing', async () => {
    expect(await read()).toMatchObject({ configuration: { certificates: 'off' } });
  });

  test('takes names, addresses and webhook configurations as lists, and has lifetimes of 30 days and a year', async () => {
    expect(await read(...complete)).toMatchObject({
      configuration: {
        certificates: 'selfManaged',
        certificateNames: ['gate.agents.svc', '192.0.2.7', '2001:db8::1'],
        webhookConfigurations: ['mutating/agents-gate-defaulting', 'validating/agents-gate-orchestrations'],
        leafLifetimeSeconds: 2_592_000,
        caLifetimeSeconds: 31_536_000,
      },
    });
  });

  test('tells everything that selfManaged lacks at once', async () => {
    expect(await read('--certificates=selfManaged', '--ca-lifetime-seconds=100', '--leaf-lifetime-seconds=50')).toEqual(
      {
        mistakes: [
          expect.stringMatching(
            /^--certificate-secret or ORCHESTRATION_GATE_CERTIFICATE_SECRET is missing, and --certificates=selfManaged needs it: /,
          ),
          expect.stringMatching(/^--tls-dir .* is missing/),
          expect.stringMatching(/^--certificate-dns-names .* is missing/),
          expect.stringMatching(/^--webhook-configurations .* is missing/),
          '--ca-lifetime-seconds is 100; it must be at least three times --leaf-lifetime-seconds, which is 50',
        ],
      },
    );
  });

  test('needs neither names nor a folder where certificates are provided', async () => {
    const flags = ['--certificate-secret=tls', '--webhook-configurations=validating/x'];
    expect(await read('--certificates=provided', ...flags)).toMatchObject({ configuration: {} });
    expect(await read('--certificates=provided')).toMatchObject({ mistakes: { length: 2 } });
  });

  test.each([
    ['--certificates=on', '--certificates is "on"; expected one of selfManaged, provided, off'],
    [
      '--certificate-dns-names=a_b',
      '--certificate-dns-names is "a_b"; expected DNS names or IP addresses with commas between',
    ],
    [
      '--certificate-dns-names=a,,b',
      '--certificate-dns-names is "a,,b"; expected DNS names or IP addresses with commas between',
    ],
    [
      '--webhook-configurations=gate',
      '--webhook-configurations is "gate"; expected mutating/NAME or validating/NAME with commas between',
    ],
    [
      '--leaf-lifetime-seconds=2592001',
      '--leaf-lifetime-seconds is "2592001"; expected a whole number from 10 to 2592000',
    ],
  ])('refuses %s', async (flag, mistake) => {
    expect(await read(flag)).toEqual({ mistakes: [mistake] });
  });
});

function read(...args: string[]) {
  return configurationOf(reconcileCommand, args);
}
