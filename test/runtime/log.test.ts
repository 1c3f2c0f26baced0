import { expect, test } from 'vitest';
import { createLogger, type LogLevel } from '../../src/runtime/log.ts';

test('writes one JSON object per line: level as a word, time in ISO form, fields, message', () => {
  const { log, lines } = capture();
  log.info({ uid: 'u-1', durationMs: 2 }, 'review answered');
  expect(lines()).toEqual([
    {
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      uid: 'u-1',
      durationMs: 2,
      msg: 'review answered',
    },
  ]);
});

test('leaves out what is below its level', () => {
  const { log, lines } = capture('warn');
  log.info('no');
  log.warn('yes');
  expect(lines().map(({ msg }) => msg)).toEqual(['yes']);
});

test('writes only name, message, code, frames and causes of an error', () => {
  const { log, lines } = capture();
  const cause = Object.assign(new TypeError('inner'), { response: { secret: 'hunter2' } });
  const error = Object.assign(new Error('outer', { cause }), { code: 409, body: { metadata: { secret: 'hunter2' } } });
  log.error({ error }, 'status not written');
  const frames = expect.stringMatching(/^ +at .*log\.test/);
  expect(lines()[0]).toMatchObject({
    error: {
      name: 'Error',
      message: 'outer',
      code: 409,
      stack: frames,
      cause: { name: 'TypeError', message: 'inner' },
    },
  });
  expect(JSON.stringify(lines())).not.toContain('hunter2');
});

test('cuts long messages, and never repeats them in the frames', () => {
  const { log, lines } = capture();
  log.error({ error: new Error('x'.repeat(100_000)) }, 'failed');
  expect(JSON.stringify(lines()).length).toBeLessThan(5_000);
});

test('cuts fields of a request to the longest name in Kubernetes', () => {
  const { log, lines } = capture();
  const long = 'x'.repeat(1_000_000);
  log.info({ uid: long, namespace: long, name: long, kind: long, operation: long, isDryRun: true }, 'review');
  const cut = `${'x'.repeat(253)}…`;
  expect(lines()[0]).toMatchObject({ uid: cut, namespace: cut, name: cut, kind: cut, operation: cut, isDryRun: true });
});

test('survives an error that is its own cause, and a thrown object', () => {
  const { log, lines } = capture();
  const circle: Error = new Error('round');
  circle.cause = circle;
  log.error({ error: circle }, 'one');
  log.error({ error: { secret: 'hunter2' } }, 'two');
  expect(lines()).toMatchObject([{ error: { message: 'round' } }, { error: { name: 'object' } }]);
  expect(JSON.stringify(lines())).not.toContain('hunter2');
});

function capture(level: LogLevel = 'info') {
  const written: string[] = [];
  const log = createLogger({ level, destination: { write: (line) => void written.push(line) } });
  const lines = (): Record<string, unknown>[] => written.map((line) => JSON.parse(line));
  return { log, lines };
}
