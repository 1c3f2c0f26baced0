import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Message } from '../../src/ui/page/protocol.ts';
import { createFrameParser, followServer, type Link } from '../../src/ui/page/stream.ts';
import { createPageServer } from '../../src/ui/server.ts';
import { systemTiming } from '../support/timing.ts';
import { createStage, object, runOf } from '../support/ui-namespace.ts';
import { step } from './runs.ts';

/** How long to wait for messages over a connection, on a busy machine. */
const patience = { timeout: 30_000 };

let stage: ReturnType<typeof createStage>;
let server: ReturnType<typeof createPageServer>;
let port: number;
const faults: unknown[] = [];

async function serve(isReadOnly = false): Promise<void> {
  let streams = 0;
  server = createPageServer({
    namespaces: stage.createNamespaces(isReadOnly),
    context: 'prod',
    isReadOnly,
    kubectl: { flags: [] },
    token: 'secret',
    newId: () => `stream-${++streams}`,
    schedule: systemTiming.schedule,
    onFault: (error) => faults.push(error),
  });
  port = Number(new URL(await server.listen({ host: '127.0.0.1', port: 0 })).port);
}

beforeEach(async () => {
  stage = createStage();
  await serve();
});
afterEach(async () => {
  await server.close();
  expect(faults.splice(0)).toEqual([]);
});

async function ask(
  path: string,
  headers: Readonly<Record<string, string>> = {},
  method = 'GET',
): Promise<IncomingMessage> {
  const sent = request({ port, host: '127.0.0.1', path, method, headers }).end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  return response;
}

const authorization = 'Bearer secret';

/** All messages that one page receives. */
async function follow(query = '') {
  const response = await ask(`/api/events${query}`, { authorization });
  expect([response.statusCode, response.headers['content-type']]).toEqual([200, 'text/event-stream; charset=utf-8']);
  const heard: Message[] = [];
  const parse = createFrameParser<Message>((message) => heard.push(message));
  response
    .setEncoding('utf8')
    .on('data', parse)
    .on('error', () => {});
  const received = <Type extends Message['type']>(type: Type) =>
    heard.filter((message): message is Extract<Message, { readonly type: Type }> => message.type === type);
  return { heard, received, end: () => response.destroy() };
}

/** Sends JSON, as the page does. */
async function post(path: string, body: object): Promise<{ status: number | undefined; answer: string }> {
  const headers = { authorization, 'content-type': 'application/json', origin: `http://127.0.0.1:${port}` };
  const sent = request({ port, host: '127.0.0.1', path, method: 'POST', headers }).end(JSON.stringify(body));
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  return { status: response.statusCode, answer: await text(response) };
}

describe('the page’s server', () => {
  test('sends the page with a policy that allows no inline code and no other origin', async () => {
    const response = await ask('/');
    expect(response.headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': expect.stringMatching(
        /^default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';/,
      ),
      'x-content-type-options': 'nosniff',
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
    });
    expect(response.headers['content-security-policy']).not.toMatch(/unsafe|\*|data:/);
    expect(response.headers['access-control-allow-origin']).toBeUndefined();
    expect(await text(response)).not.toMatch(/<script>| style=| on\w+=/);
  });

  test('bundles the modules of the page into one script', async () => {
    const response = await ask('/main.js');
    expect([response.statusCode, response.headers['content-type']]).toEqual([200, 'text/javascript; charset=utf-8']);
    const source = await text(response);
    expect(source).toContain('function createReceiver(');
    expect(source).not.toMatch(/^import |interface /m);
  });

  test.each([
    '/../server.ts',
    '/..%2fserver.ts',
    '/page/main.js',
    '/tsconfig.json',
    '/nothing.js',
    '/model.js',
    '/main.ts',
    '/constructor',
  ])('sends no file that is not part of the page: %s', async (path) => {
    expect((await ask(path)).statusCode).toBe(404);
  });

  test('rejects a foreign host, another method and an invalid URL with a sentence', async () => {
    const answers = [await ask('/', { host: 'evil.example' }), await ask('/', {}, 'POST'), await ask('/%zz')];
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([403, 405, 400]);
    expect(await text(answers[0] as IncomingMessage)).toContain('answers only to 127.0.0.1');
    for (const { headers } of answers) expect(headers['content-security-policy']).toContain("default-src 'none'");
  });

  test.each(['/api/events', '/%61pi/events', '/api/event%73?kind=OrchestrationRun&name=r', '/api/other'])(
    'asks for the token however the path is spelled: %s',
    async (path) => {
      expect((await ask(path)).statusCode).toBe(401);
    },
  );
});

describe('a page that follows a namespace', () => {
  const orchestration = object('Orchestration', 'o', { spec: { steps: [step('a'), step('b', ['a'])] } });

  test('receives everything first, then changes and deletions', async () => {
    stage.put(orchestration);
    const { heard, received } = await follow();
    await vi.waitFor(() => expect(received('Listed')).toHaveLength(2), patience);
    expect(heard.filter(({ type }) => type !== 'Rights')).toMatchObject([
      { type: 'Context', context: { context: 'prod', namespace: 'ci', isReadOnly: false, stream: 'stream-1' } },
      { type: 'Selected', selected: null },
      { type: 'Connection', connection: { state: 'Live' } },
      { type: 'Listed', kind: 'OrchestrationRun' },
      { type: 'Entries', changed: [{ kind: 'Orchestration', name: 'o' }], gone: [] },
      { type: 'Listed', kind: 'Orchestration' },
    ]);
    const run = runOf('r', 'Running', [{ name: 'a', kind: 'ToolRun', phase: 'Succeeded' }]);
    stage.put(run);
    await vi.waitFor(
      () =>
        expect(received('Entries')[1]?.changed).toMatchObject([
          { name: 'r', orchestration: 'o', steps: { total: 1, succeeded: 1 } },
          { name: 'o', runs: { total: 1, active: 1, last: 'r' } },
        ]),
      patience,
    );
    stage.remove(run);
    await vi.waitFor(
      () => expect(received('Entries')[2]).toMatchObject({ gone: [{ kind: 'OrchestrationRun', name: 'r' }] }),
      patience,
    );
    expect(received('Entries')[2]?.changed).toEqual([expect.not.objectContaining({ runs: expect.anything() })]);
  });

  test('receives long lists in several frames, the newest first', async () => {
    for (let at = 0; at < 2_500; at++) stage.put(runOf(`r-${at}`, 'Succeeded'));
    const { received } = await follow();
    await vi.waitFor(() => expect(received('Listed')).toHaveLength(2), patience);
    expect(received('Entries').map(({ changed }) => changed.length)).toEqual([200, 500, 500, 500, 500, 300]);
  });

  test('receives what the user may do, and the actions that the selected run allows', async () => {
    stage.put(orchestration);
    stage.put(runOf('r', 'Running', [{ name: 'gate', kind: 'ApprovalGate', phase: 'Running' }]));
    const { received } = await follow('?kind=OrchestrationRun&name=r');
    await vi.waitFor(() => expect(received('Actions')).toHaveLength(1), patience);
    expect(received('Rights')).toEqual([
      { type: 'Rights', rights: { user: 'jane', canRun: true, canReadEvents: true, canReadLogs: true } },
    ]);
    expect(received('Actions')[0]?.actions.map(({ verb, step: gate }) => [verb, gate])).toEqual([
      ['approve', 'gate'],
      ['deny', 'gate'],
      ['suspend', undefined],
      ['cancel', undefined],
    ]);
    stage.put(runOf('r', 'Succeeded'));
    await vi.waitFor(() => expect(received('Actions')[1]?.actions).toMatchObject([{ verb: 'rerun' }]), patience);
  });

  test('selects another object without a new stream', async () => {
    stage.put(orchestration);
    stage.put(runOf('r', 'Running'));
    const { heard, received } = await follow('?kind=OrchestrationRun&name=r');
    await vi.waitFor(() => expect(received('Picture')).toHaveLength(1), patience);
    const selected = { kind: 'Orchestration', name: 'o' };
    expect(await post('/api/selection', { stream: 'stream-1', selected })).toMatchObject({ status: 204 });
    await vi.waitFor(() => expect(received('Picture')).toHaveLength(2), patience);
    const after = heard.slice(heard.findLastIndex(({ type }) => type === 'Selected')).map(({ type }) => type);
    expect(after).toEqual(expect.arrayContaining(['Selected', 'Orchestration', 'Picture']));
    expect(after).not.toContain('Run');
    expect(await post('/api/selection', { stream: 'other', selected })).toMatchObject({ status: 404 });
    expect(await post('/api/selection', { stream: 'stream-1', selected: { kind: 'Pod', name: 'p' } })).toMatchObject({
      status: 400,
    });
  });

  test('receives the graph of a selected run once, and then only changed steps', async () => {
    stage.put(orchestration);
    stage.put(runOf('r', 'Running', [{ name: 'a', kind: 'ToolRun', phase: 'Running' }]));
    const { received } = await follow('?kind=OrchestrationRun&name=r');
    await vi.waitFor(() => expect(received('Steps')).toHaveLength(1), patience);
    expect(received('Picture')).toMatchObject([
      { picture: { boxes: [{ label: 'a' }, { label: 'b' }], note: expect.stringContaining('has no snapshot') } },
    ]);
    stage.put(runOf('r', 'Running', [{ name: 'a', kind: 'ToolRun', phase: 'Retrying' }]));
    await vi.waitFor(() => expect(received('Steps')).toHaveLength(2), patience);
    expect(received('Steps')[1]).toMatchObject({ changed: [{ index: 0, phase: 'Retrying' }] });
    expect(received('Picture')).toHaveLength(1);
  });

  test('receives the graph as it was when the run started, not the current one', async () => {
    stage.state.snapshot = { name: 'o', steps: [step('old')] };
    stage.put(orchestration);
    stage.put(runOf('r', 'Running'));
    const { received } = await follow('?kind=OrchestrationRun&name=r');
    await vi.waitFor(() => expect(received('Steps')).toHaveLength(1), patience);
    const [shown] = received('Picture');
    expect(shown?.picture).toMatchObject({ boxes: [{ label: 'old' }] });
    expect(shown?.picture.note).toBeUndefined();
  });

  test('receives the current graph, with a note, if it may not read the snapshot', async () => {
    stage.state.snapshot = 'You may not read controllerrevisions';
    stage.put(orchestration);
    stage.put(runOf('r', 'Running'));
    const { heard } = await follow('?kind=OrchestrationRun&name=r');
    await vi.waitFor(
      () =>
        expect(heard.find(({ type }) => type === 'Picture')).toMatchObject({
          picture: {
            note: 'You may not read controllerrevisions: this is the current Orchestration, which can differ from the one that runs.',
          },
        }),
      patience,
    );
  });

  test('receives the steps of a run that has no graph', async () => {
    stage.put(runOf('r', 'Failed', [{ name: 'a', kind: 'ToolRun', phase: 'Failed' }]));
    const { heard } = await follow('?kind=OrchestrationRun&name=r');
    await vi.waitFor(
      () =>
        expect(heard.find(({ type }) => type === 'Picture')).toMatchObject({
          picture: {
            boxes: [{ label: 'a' }],
            note: expect.stringContaining('There is no Orchestration "o"'),
            problems: [],
          },
        }),
      patience,
    );
  });

  test('receives a message if the object does not exist, and everything about it once it does', async () => {
    const { received } = await follow('?kind=Orchestration&name=o');
    await vi.waitFor(() => expect(received('Absent')[0]?.sentence).toContain('"o" in namespace "ci"'), patience);
    stage.put(orchestration);
    await vi.waitFor(() => expect(received('Picture')).toHaveLength(1), patience);
  });

  test('receives the state of the cluster’s connection as it changes', async () => {
    const { received } = await follow();
    const since = '2026-01-01T00:00:00.000Z';
    stage.state.connection = { state: 'Unreachable', since, sentences: ['The API server does not answer.'] };
    stage.notify();
    await vi.waitFor(() => expect(received('Connection').at(-1)?.connection).toEqual(stage.state.connection), patience);
    stage.state.connection = { state: 'Live' };
    stage.notify();
    await vi.waitFor(() => expect(received('Connection')).toHaveLength(3), patience);
  });

  test('receives the selected object before everything is listed, and each list once it is complete', async () => {
    stage.state.isListed = false;
    stage.put(orchestration);
    const { heard, received } = await follow('?kind=Orchestration&name=o');
    await vi.waitFor(() => expect(received('Picture')).toHaveLength(1), patience);
    expect(heard.map(({ type }) => type)).not.toContain('Listed');
    stage.state.isListed = true;
    stage.notify();
    await vi.waitFor(() => expect(received('Listed')).toHaveLength(2), patience);
    expect(received('Entries')).toMatchObject([{ changed: [{ name: 'o' }] }]);
  });

  test('is disconnected if it reads nothing while messages accumulate', async () => {
    const response = await ask('/api/events', { authorization });
    response.on('error', () => {}).pause();
    await vi.waitFor(
      () => {
        const sentences = [`${performance.now()}`.repeat(1024 * 1024)];
        stage.state.connection = { state: 'Failed', since: '', sentences };
        stage.notify();
        expect(stage.listeners.size).toBe(0);
      },
      { timeout: 20_000, interval: 100 },
    );
  });

  test('is unsubscribed when it disconnects', async () => {
    const { end } = await follow();
    expect(stage.listeners.size).toBe(1);
    end();
    await vi.waitFor(() => expect(stage.listeners.size).toBe(0), patience);
  });
});

test('a page whose connection breaks reconnects and receives everything again', async () => {
  const heard: Message[] = [];
  const states: string[] = [];
  const end = followServer<Message>({
    url: () => `http://127.0.0.1:${port}/api/events`,
    token: 'secret',
    onMessage: (message) => heard.push(message),
    onLink: ({ state }) => states.push(state),
  });
  await vi.waitFor(() => expect(heard.filter(({ type }) => type === 'Listed')).toHaveLength(2), patience);
  stage.put(runOf('r', 'Running'));
  server.server.closeAllConnections();
  await vi.waitFor(() => expect(heard.filter(({ type }) => type === 'Context')).toHaveLength(2), patience);
  const again = heard.slice(heard.findLastIndex(({ type }) => type === 'Context'));
  await vi.waitFor(() => expect(again.filter(({ type }) => type === 'Listed')).toHaveLength(2), patience);
  expect(states).toEqual(['Connecting', 'Live', 'Lost', 'Connecting', 'Live']);
  end();
});

test('a page with a wrong token stops, and shows what to do', async () => {
  const links: Link[] = [];
  followServer({
    url: () => `http://127.0.0.1:${port}/api/events`,
    token: 'other',
    onMessage: () => {},
    onLink: (link) => links.push(link),
  });
  await vi.waitFor(
    () =>
      expect(links.at(-1)).toEqual({
        state: 'Refused',
        sentence: expect.stringContaining('open the URL that the terminal'),
      }),
    patience,
  );
});

describe('an action', () => {
  const cancel = { verb: 'cancel', namespace: 'ci', run: 'r', isNow: false };

  test('is carried out, and answered with a sentence', async () => {
    stage.put(runOf('r', 'Running'));
    const { status, answer } = await post('/api/actions', cancel);
    expect([status, JSON.parse(answer)]).toEqual([
      200,
      { isDone: true, sentences: ['OrchestrationRun ci/r is being cancelled.'] },
    ]);
    expect(stage.state.written).toEqual([{ name: 'r', annotations: { 'orchestration.proompteng.ai/cancel': 'true' } }]);
  });

  test('that cannot be done is answered with what is wrong', async () => {
    expect(await post('/api/actions', cancel)).toEqual({
      status: 409,
      answer: expect.stringContaining('no OrchestrationRun is named \\"r\\"'),
    });
    expect(await post('/api/actions', { verb: 'delete', namespace: 'ci', run: 'r' })).toMatchObject({ status: 400 });
  });

  test('is neither offered nor carried out by a server that is read-only', async () => {
    await server.close();
    await serve(true);
    stage.put(runOf('r', 'Running'));
    const { received } = await follow('?kind=OrchestrationRun&name=r');
    await vi.waitFor(() => expect(received('Actions')).toEqual([{ type: 'Actions', actions: [] }]), patience);
    expect(received('Context')[0]?.context.isReadOnly).toBe(true);
    const { status, answer } = await post('/api/actions', cancel);
    expect([status, answer]).toEqual([403, expect.stringContaining('--read-only')]);
    expect(stage.state.written).toEqual([]);
  });
});

test('a whole value, the Events of a run and the namespaces are read when they are asked for', async () => {
  const long = 'x'.repeat(1_000);
  const child = { apiVersion: 'v1', kind: 'ToolRun', name: 'c', namespace: 'ci', uid: 'uid-c' };
  stage.put(
    runOf('r', 'Running', [
      { name: 'a', kind: 'ToolRun', phase: 'Succeeded', attempt: 1, outputs: { long }, resourceRef: child },
    ]),
  );
  const event = (reason: string, lastTimestamp: string, kind: string, name: string) =>
    object('Event', reason, { reason, message: 'm', lastTimestamp, involvedObject: { kind, name } });
  stage.state.events.push(event('Old', '2026-01-01T00:00:01Z', 'OrchestrationRun', 'r'));
  stage.state.events.push(event('New', '2026-01-01T00:00:02Z', 'ToolRun', 'c'));
  stage.state.events.push(event('Foreign', '2026-01-01T00:00:02Z', 'ToolRun', 'other'));
  const query = 'namespace=ci&run=r';
  const value = await ask(`/api/value?${query}&of=outputs&step=a&name=long`, { authorization });
  expect(await text(value)).toBe(long);
  const events = JSON.parse(await text(await ask(`/api/run-events?${query}`, { authorization })));
  expect(events.events).toMatchObject([{ reason: 'New', step: 'a' }, { reason: 'Old' }]);
  const own = JSON.parse(await text(await ask(`/api/run-events?${query}&step=a`, { authorization })));
  expect(own.events).toHaveLength(1);
  expect(await text(await ask('/api/namespaces', { authorization }))).toBe('{"namespaces":["ci","prod"]}');
  for (const path of [`/api/value?${query}&of=outputs&step=a&name=none`, '/api/run-events?namespace=ci&run=none'])
    expect((await ask(path, { authorization })).statusCode).toBe(404);
  expect((await ask('/api/value?namespace=..%2f&run=r', { authorization })).statusCode).toBe(400);
});
