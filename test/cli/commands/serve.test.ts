import { describe, expect, test } from 'vitest';
import { serveCommand } from '../../../src/cli/commands/serve.ts';
import { configurationOf } from '../run-command.ts';

describe('the configuration of serve', () => {
  test('needs nothing but the folder of the certificate', async () => {
    expect(await serve('--tls-dir', '/tls')).toEqual({
      configuration: {
        port: 8443,
        sidePort: 8080,
        bindAddress: '0.0.0.0',
        tlsDir: '/tls',
        clientCaDir: undefined,
        settingsDir: undefined,
        overrideDir: undefined,
        maxInFlight: 256,
        drainSeconds: 15,
        logLevel: 'info',
      },
    });
  });

  test('takes every flag, with its value behind a space or an equals sign', async () => {
    const result = await serve(
      ...['--port', '0', '--side-port=0', '--bind-address', '::', '--tls-dir=/a', '--settings-dir', '/b'],
      ...['--override-dir=/c', '--max-in-flight', '1', '--drain-seconds=0', '--log-level', 'debug'],
    );
    expect(result).toEqual({
      configuration: {
        port: 0,
        sidePort: 0,
        bindAddress: '::',
        tlsDir: '/a',
        settingsDir: '/b',
        overrideDir: '/c',
        maxInFlight: 1,
        drainSeconds: 0,
        logLevel: 'debug',
      },
    });
  });

  test('cannot be changed afterwards', async () => {
    const result = await serve('--tls-dir', '/tls');
    expect('configuration' in result && Object.isFrozen(result.configuration)).toBe(true);
  });

  test('tells all mistakes at once', async () => {
    const args = [
      'stray',
      '--port',
      'http',
      '--side-port=70000',
      '--prot',
      '1',
      '--log-level',
      'loud',
      '--drain-seconds',
    ];
    expect(await serve(...args)).toEqual({
      mistakes: [
        '--prot is not known; did you mean --port?',
        '--port is "http"; expected a whole number from 0 to 65535',
        '--side-port is "70000"; expected a whole number from 0 to 65535',
        '--tls-dir is missing: the folder that holds tls.crt and tls.key',
        '--drain-seconds needs a value: a whole number from 0 to 3600',
        '--log-level is "loud"; expected one of trace, debug, info, warn, error, fatal, silent',
        'the argument "stray" is unexpected',
      ],
    });
  });

  test.each([
    [['--port', '9', '--side-port', '9'], '--port and --side-port are both 9; they need a port each'],
    [['--port', '1', '--port', '2'], '--port is given more than once'],
    [['--settings-dir='], '--settings-dir is empty; give it a value, or leave it out'],
    [['--settings-dir', '--override-dir'], '--settings-dir needs a value: a text that is not blank'],
    [['--max-in-flight=1e3'], '--max-in-flight is "1e3"; expected a whole number from 1 to 100000'],
    [['--drain-seconds=-1'], '--drain-seconds is "-1"; expected a whole number from 0 to 3600'],
    [['-x'], expect.stringMatching(/^-x is not known; there are --port, --side-port, /)],
    [['--__proto__=1'], expect.stringMatching(/^--__proto__ is not known; there are/)],
  ])('refuses %j', async (args, mistake) => {
    expect(await serve('--tls-dir', '/tls', ...args)).toEqual({ mistakes: [mistake] });
  });
});

function serve(...args: string[]) {
  return configurationOf(serveCommand, args);
}
