import { describe, expect, test } from 'vitest';
import { readReconcileConfiguration } from '../../src/runtime/reconcile-configuration.ts';

const complete = [
  '--certificates=selfManaged',
  '--certificate-secret=gate-authority',
  '--tls-dir=/tls',
  '--certificate-dns-names=gate.agents.svc, 192.0.2.7,2001:db8::1',
  '--webhook-configurations=mutating/agents-gate-defaulting,validating/agents-gate-orchestrations',
];

describe('the configuration of the certificates', () => {
  test('is off unless it is asked for, and then needs nothing', () => {
    expect(read()).toMatchObject({ ok: true, configuration: { certificates: 'off' } });
  });

  test('takes names, addresses and webhook configurations as lists, and has lifetimes of 30 days and a year', () => {
    expect(read(...complete)).toMatchObject({
      ok: true,
      configuration: {
        certificates: 'selfManaged',
        certificateNames: ['gate.agents.svc', '192.0.2.7', '2001:db8::1'],
        webhookConfigurations: ['mutating/agents-gate-defaulting', 'validating/agents-gate-orchestrations'],
        leafLifetimeSeconds: 2_592_000,
        caLifetimeSeconds: 31_536_000,
      },
    });
  });

  test('tells everything that selfManaged lacks at once', () => {
    expect(read('--certificates=selfManaged', '--ca-lifetime-seconds=100', '--leaf-lifetime-seconds=50')).toEqual({
      ok: false,
      mistakes: [
        expect.stringMatching(
          /^--certificate-secret or ORCHESTRATION_GATE_CERTIFICATE_SECRET is missing, and --certificates=selfManaged needs it: /,
        ),
        expect.stringMatching(/^--tls-dir .* is missing/),
        expect.stringMatching(/^--certificate-dns-names .* is missing/),
        expect.stringMatching(/^--webhook-configurations .* is missing/),
        '--ca-lifetime-seconds is 100; it must be at least three times --leaf-lifetime-seconds, which is 50',
      ],
    });
  });

  test('needs neither names nor a folder where certificates are provided', () => {
    const flags = ['--certificate-secret=tls', '--webhook-configurations=validating/x'];
    expect(read('--certificates=provided', ...flags)).toMatchObject({ ok: true });
    expect(read('--certificates=provided')).toMatchObject({ ok: false, mistakes: { length: 2 } });
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
  ])('refuses %s', (flag, mistake) => {
    expect(read(flag)).toEqual({ ok: false, mistakes: [mistake] });
  });
});

function read(...args: string[]) {
  return readReconcileConfiguration({ args, environment: {}, suggest: () => undefined });
}
