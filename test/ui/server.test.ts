import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { KubeObject } from '../../src/objects/object.ts';
import type { Cluster } from '../../src/ui/cluster.ts';
import type { Message } from '../../src/ui/page/protocol.ts';
import { type Connection, createFrameParser, followServer } from '../../src/ui/page/stream.ts';
import { createPageServer } from '../../src/ui/server.ts';
import { systemTiming } from '../support/timing.ts';
import { step } from './runs.ts';

/** For what comes over a connection, on a busy machine. */
const patience = { timeout: 30_000 };
const API = 'orchestration.proompteng.ai/v1alpha1';
const object = (kind: string, name: string, content: object): KubeObject => ({
  apiVersion: API,
  kind,
  metadata: { name, uid: `uid-${name}`, generation: 1, creationTimestamp: '2026-01-01T00:00:00Z' },
  ...content,
});
const runOf = (name: string, phase: string, stepStatuses: readonly object[] = []) =>
  object('OrchestrationRun', name, {
    spec: { orchestrationRef: { name: 'o' } },
    status: { phase, runId: name, stepStatuses },
  });

/** A cluster in memory, behind the port. */
function createCluster() {
  const objects = new Map<string, KubeObject>();
  const listeners = new Set<(changed: KubeObject | undefined) => void>();
  const state = { isSynced: true, troubles: [] as string[], snapshot: undefined as unknown };
  const cluster: Cluster = {
    objects: () => objects.values(),
    get: (kind, name) => objects.get(`${kind}/${name}`),
    isSynced: () => state.isSynced,
    troubles: () => state.troubles,
    readSnapshot: () => Promise.resolve(state.snapshot),
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const notify = (changed?: KubeObject) => {
    for (const listener of listeners) listener(changed);
  };
  return {
    cluster,
    state,
    listeners,
    notify,
    put: (changed: KubeObject) => {
      objects.set(`${changed.kind}/${changed.metadata.name}`, changed);
      notify(changed);
    },
    remove: (changed: KubeObject) => {
      objects.delete(`${changed.kind}/${changed.metadata.name}`);
      notify(changed);
    },
  };
}

let stage: ReturnType<typeof createCluster>;
let server: ReturnType<typeof createPageServer>;
let port: number;
const faults: unknown[] = [];

beforeEach(async () => {
  stage = createCluster();
  server = createPageServer({
    cluster: stage.cluster,
    context: { context: 'prod', namespace: 'ci' },
    kubectl: { flags: [] },
    token: 'secret',
    schedule: systemTiming.schedule,
    onFault: (error) => faults.push(error),
  });
  port = Number(new URL(await server.listen({ host: '127.0.0.1', port: 0 })).port);
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
async function follow(query = ''): Promise<{ heard: Message[]; end: () => void }> {
  const response = await ask(`/api/events${query}`, { authorization });
  expect([response.statusCode, response.headers['content-type']]).toEqual([200, 'text/event-stream; charset=utf-8']);
  const heard: Message[] = [];
  const parse = createFrameParser((message) => heard.push(message));
  response
    .setEncoding('utf8')
    .on('data', parse)
    .on('error', () => {});
  return { heard, end: () => response.destroy() };
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
    expect(source).toContain('function applyMessage(');
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

  test('rejects a foreign host, a method other than GET and an invalid URL with a sentence', async () => {
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
    const { heard } = await follow();
    await vi.waitFor(() => expect(heard).toHaveLength(3), patience);
    expect(heard).toMatchObject([
      { type: 'Context', context: { context: 'prod', namespace: 'ci' } },
      { type: 'Entries', isWhole: true, changed: [{ kind: 'Orchestration', name: 'o' }], gone: [] },
      { type: 'Troubles', sentences: [] },
    ]);
    const run = runOf('r', 'Running', [{ name: 'a', kind: 'ToolRun', phase: 'Succeeded' }]);
    stage.put(run);
    await vi.waitFor(
      () =>
        expect(heard[3]).toMatchObject({ isWhole: false, changed: [{ name: 'r', progress: { done: 1, total: 1 } }] }),
      patience,
    );
    stage.remove(run);
    await vi.waitFor(
      () => expect(heard[4]).toMatchObject({ changed: [], gone: [{ kind: 'OrchestrationRun', name: 'r' }] }),
      patience,
    );
  });

  test('receives the graph of a selected run once, and then only changed steps', async () => {
    stage.put(orchestration);
    stage.put(runOf('r', 'Running', [{ name: 'a', kind: 'ToolRun', phase: 'Running' }]));
    const { heard } = await follow('?kind=OrchestrationRun&name=r');
    const received = (type: Message['type']) => heard.filter((message) => message.type === type);
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
    const { heard } = await follow('?kind=OrchestrationRun&name=r');
    await vi.waitFor(() => expect(heard.at(-1)).toMatchObject({ type: 'Steps' }), patience);
    const [shown] = heard.filter((message) => message.type === 'Picture');
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

  test('receives a message if the object does not exist, and problems as long as they last', async () => {
    const { heard } = await follow('?kind=Orchestration&name=gone');
    await vi.waitFor(
      () => expect(heard.at(-1)).toMatchObject({ type: 'Absent', sentence: expect.stringContaining('"gone"') }),
      patience,
    );
    stage.state.troubles = ['The API server does not answer.'];
    stage.notify();
    await vi.waitFor(
      () => expect(heard.at(-1)).toEqual({ type: 'Troubles', sentences: stage.state.troubles }),
      patience,
    );
    stage.state.troubles = [];
    stage.notify();
    await vi.waitFor(() => expect(heard.at(-1)).toEqual({ type: 'Troubles', sentences: [] }), patience);
  });

  test('reports no object as absent before everything is listed, and then receives all objects', async () => {
    stage.state.isSynced = false;
    const { heard } = await follow('?kind=Orchestration&name=o');
    await vi.waitFor(() => expect(heard).toHaveLength(3), patience);
    expect(heard[1]).toMatchObject({ type: 'Entries', isWhole: false, changed: [] });
    stage.put(orchestration);
    stage.state.isSynced = true;
    stage.notify();
    await vi.waitFor(
      () => expect(heard).toContainEqual(expect.objectContaining({ type: 'Entries', isWhole: true })),
      patience,
    );
    expect(heard.map(({ type }) => type)).not.toContain('Absent');
  });

  test('is disconnected if it reads nothing while messages accumulate', async () => {
    const response = await ask('/api/events', { authorization });
    response.on('error', () => {}).pause();
    await vi.waitFor(
      () => {
        stage.state.troubles = [`${performance.now()}`.repeat(1024 * 1024)];
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
  const end = followServer({
    url: `http://127.0.0.1:${port}/api/events`,
    token: 'secret',
    onMessage: (message) => heard.push(message),
    onConnection: ({ state }) => states.push(state),
  });
  await vi.waitFor(() => expect(heard).toHaveLength(3), patience);
  stage.put(runOf('r', 'Running'));
  server.server.closeAllConnections();
  await vi.waitFor(() => expect(heard.filter(({ type }) => type === 'Context')).toHaveLength(2), patience);
  expect(heard.findLast((message) => message.type === 'Entries')).toMatchObject({
    isWhole: true,
    changed: [{ name: 'r' }],
  });
  expect(states).toEqual(['Connecting', 'Live', 'Lost', 'Connecting', 'Live']);
  end();
});

test('a page with a wrong token stops, and shows what to do', async () => {
  const connections: Connection[] = [];
  followServer({
    url: `http://127.0.0.1:${port}/api/events`,
    token: 'other',
    onMessage: () => {},
    onConnection: (connection) => connections.push(connection),
  });
  await vi.waitFor(
    () =>
      expect(connections.at(-1)).toEqual({
        state: 'Refused',
        sentence: expect.stringContaining('open the URL that the terminal'),
      }),
    patience,
  );
});
