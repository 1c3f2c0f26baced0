import { describe, expect, test } from 'vitest';
import { anyText, oneOf, readConfiguration, wholeNumber } from '../../src/runtime/configuration.ts';
import { readServeConfiguration } from '../../src/runtime/serve-configuration.ts';

describe('the configuration of serve', () => {
  test('needs nothing but the folder of the certificate', () => {
    expect(serve('--tls-dir', '/tls')).toEqual({
      ok: true,
      configuration: {
        port: 8443,
        sidePort: 8080,
        bindAddress: '0.0.0.0',
        tlsDir: '/tls',
        settingsDir: undefined,
        overrideDir: undefined,
        maxInFlight: 256,
        drainSeconds: 15,
        logLevel: 'info',
      },
    });
  });

  test('takes every flag, with its value behind a space or an equals sign', () => {
    const result = serve(
      ...['--port', '0', '--side-port=0', '--bind-address', '::', '--tls-dir=/a', '--settings-dir', '/b'],
      ...['--override-dir=/c', '--max-in-flight', '1', '--drain-seconds=0', '--log-level', 'debug'],
    );
    expect(result).toEqual({
      ok: true,
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

  test('cannot be changed afterwards', () => {
    const result = serve('--tls-dir', '/tls');
    expect(result.ok && Object.isFrozen(result.configuration)).toBe(true);
  });

  test('tells all mistakes at once', () => {
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
    expect(serve(...args)).toEqual({
      ok: false,
      mistakes: [
        '"stray" belongs to no flag',
        '--prot is not known; did you mean --port?',
        '--drain-seconds needs a value',
        '--port is "http"; expected a whole number from 0 to 65535',
        '--side-port is "70000"; expected a whole number from 0 to 65535',
        '--tls-dir is missing: the folder that holds tls.crt and tls.key',
        '--log-level is "loud"; expected one of trace, debug, info, warn, error, fatal, silent',
      ],
    });
  });

  test.each([
    [['--port', '9', '--side-port', '9'], '--port and --side-port are both 9; they need a port each'],
    [['--port', '1', '--port', '2'], '--port is given more than once'],
    [['--settings-dir='], '--settings-dir is ""; expected a text that is not empty'],
    [['--settings-dir', '--override-dir'], '--settings-dir needs a value'],
    [['--max-in-flight=1e3'], '--max-in-flight is "1e3"; expected a whole number from 1 to 100000'],
    [['--drain-seconds=-1'], '--drain-seconds is "-1"; expected a whole number from 0 to 3600'],
    [['-x'], expect.stringMatching(/^-x is not known; there are --port, --side-port, /)],
    [['--__proto__=1'], expect.stringMatching(/^--__proto__ is not known; there are/)],
  ])('refuses %j', (args, mistake) => {
    expect(serve('--tls-dir', '/tls', ...args)).toEqual({ ok: false, mistakes: [mistake] });
  });
});

describe('a setting with variables', () => {
  const settings = {
    count: { kind: wholeNumber(0, 9), help: 'how many', flag: 'count', variables: ['NEW_COUNT', 'OLD_COUNT'] },
    mode: { kind: oneOf(['on', 'off']), help: 'whether', variables: ['MODE'], isOptional: true },
    name: { kind: anyText, help: 'who', variables: ['NAME'], fallback: 'nobody' },
  } as const;
  const read = (args: readonly string[], environment: Record<string, string>) =>
    readConfiguration(settings, { args, environment, suggest: () => undefined });

  test('takes its value from any of them', () => {
    const configuration = { count: 3, mode: 'on', name: 'nobody' };
    expect(read([], { OLD_COUNT: '3', MODE: 'on' })).toEqual({ ok: true, configuration });
    expect(read([], { NEW_COUNT: '3', OLD_COUNT: '3', MODE: 'on' })).toEqual({ ok: true, configuration });
  });

  test('prefers the flag, and counts an empty variable as not set', () => {
    expect(read(['--count=4'], { NEW_COUNT: '3', NAME: '', MODE: '' })).toEqual({
      ok: true,
      configuration: { count: 4, mode: undefined, name: 'nobody' },
    });
  });

  test('is refused when they differ, are wrong or are missing', () => {
    expect(read([], { NEW_COUNT: '3', OLD_COUNT: '4', MODE: 'maybe' })).toEqual({
      ok: false,
      mistakes: [
        'NEW_COUNT="3" and OLD_COUNT="4" mean the same and differ; set only one of them',
        'MODE is "maybe"; expected one of on, off',
      ],
    });
    expect(read([], {})).toEqual({ ok: false, mistakes: ['--count or NEW_COUNT or OLD_COUNT is missing: how many'] });
  });
});

function serve(...args: string[]) {
  const suggest = (wanted: string) => (wanted === 'prot' ? 'port' : undefined);
  return readServeConfiguration({ args, environment: {}, suggest });
}
