import { beforeEach, expect, test } from 'vitest';
import { nameChild } from '../../src/reconciler/names.ts';
import { sendLogs } from '../../src/ui/logs.ts';
import type { LogMessage, LogQuery } from '../../src/ui/page/protocol.ts';
import { systemTiming } from '../support/timing.ts';
import { createStage, object, runOf } from '../support/ui-namespace.ts';

let stage: ReturnType<typeof createStage>;
beforeEach(() => {
  stage = createStage();
});

const step = { name: 'build', kind: 'ToolRun', attempt: 1 };
const childName = nameChild({ name: 'r', uid: 'uid-r' }, 'build', 1);
const child = object('ToolRun', childName, { status: { runtimeRef: { type: 'job', name: 'job' } } });
const podOf = (state: object) =>
  object('Pod', 'p', {
    spec: { containers: [{ name: 'main' }] },
    status: { containerStatuses: [{ name: 'main', state }] },
  });

/** All messages that a page receives until the logs end, or until it has received `most` messages. */
async function read(query: Partial<LogQuery> = {}, most = Infinity): Promise<readonly LogMessage[]> {
  const leaving = new AbortController();
  const messages: LogMessage[] = [];
  const frames = {
    send: (message: unknown) => {
      messages.push(message as LogMessage);
      if (messages.length >= most) leaving.abort();
    },
    end: () => {},
    untilRead: () => Promise.resolve(),
  };
  const { api } = stage;
  const { schedule } = systemTiming;
  const options = { api, kubectl: { flags: ['--context', 'c'] }, frames, schedule, signal: leaving.signal };
  await sendLogs({ namespace: 'ci', run: 'r', step: 'build', ...query }, options);
  return messages;
}

test('the page receives the lines of a step as they are written, with the command that shows the same', async () => {
  stage.put(runOf('r', 'Succeeded', [{ ...step, phase: 'Succeeded' }]));
  stage.put(child);
  stage.state.pods.push(podOf({ terminated: {} }));
  const lines = Array.from({ length: 1_200 }, (_, at) => `\u001b[32mline ${at}\u001b[0m`);
  stage.state.logs.set('p', lines);
  const messages = await read();
  expect(messages[0]).toEqual({
    ...{ type: 'Source', source: 0, pod: 'p', container: 'main' },
    command: 'kubectl logs --context c --namespace ci --container main --follow -- p',
  });
  const received = messages.filter((message) => message.type === 'Lines');
  expect(received.map((message) => message.lines.length)).toEqual([500, 500, 200]);
  expect(received.flatMap((message) => message.lines)).toEqual(lines);
  expect(messages.at(-1)).toEqual({ type: 'End' });
});

test('the page is told what a step that runs waits for, once', async () => {
  stage.put(runOf('r', 'Running', [{ ...step, phase: 'Running' }]));
  stage.put(child);
  stage.state.pods.push(podOf({ waiting: { reason: 'ImagePullBackOff', message: 'no such image' } }));
  expect(await read({}, 1)).toMatchObject([
    { type: 'Note', sentence: expect.stringContaining('ImagePullBackOff: no such image') },
    { type: 'End' },
  ]);
});

test.each([
  ['a step that does not exist', { step: 'bild' }, 'has no step "bild"; did you mean build?'],
  ['an attempt that has not been made', { attempt: '3' }, 'has had 1 attempt'],
  ['a run that does not exist', { run: 'gone' }, 'No OrchestrationRun is named "gone"'],
  ['a child that is gone', {}, 'is gone, and its log with it'],
] as const)('the logs of %s end with a sentence', async (_, query, sentence) => {
  stage.put(runOf('r', 'Failed', [{ ...step, phase: 'Failed' }]));
  expect(await read(query)).toEqual([{ type: 'End', sentence: expect.stringContaining(sentence) }]);
});

test('a log that may not be read is a sentence with the rights to ask for', async () => {
  stage.put(runOf('r', 'Succeeded', [{ ...step, phase: 'Succeeded' }]));
  stage.put(child);
  stage.state.pods.push(podOf({ terminated: {} }));
  const messages = await read();
  expect(messages[1]).toMatchObject({ type: 'Note', sentence: expect.stringMatching(/^Pod p: .*pods\/log/) });
  expect(messages.at(-1)).toEqual({ type: 'End' });
});
