import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { readPageFile } from '../../src/ui/files.ts';
import { SECURITY_HEADERS } from '../../src/ui/guard.ts';
import type {
  Action,
  ActionAnswer,
  ClusterConnection,
  Context,
  Entry,
  LogMessage,
  Message,
  NamespaceList,
  Rights,
  RunEvents,
  SelectionRequest,
} from '../../src/ui/page/protocol.ts';
import { formatFrame, HEARTBEAT } from '../../src/ui/sse.ts';

/** What a page receives, all of it written by hand. */
export interface Script {
  readonly context?: Partial<Context>;
  readonly connection?: ClusterConnection;
  readonly rights?: Partial<Rights>;
  /** The newest first. */
  readonly entries: readonly Entry[];
  /** The messages about an object when it is selected, by `kind/name`. `Absent` is sent if there are none. */
  readonly objects: Readonly<Record<string, readonly Message[]>>;
  readonly logs?: readonly LogMessage[];
  readonly events?: RunEvents;
  readonly namespaces?: NamespaceList;
  readonly answer?: (action: Action) => ActionAnswer;
}

/** A server that plays a script to the page, until disposed. It serves the page's own files, with its own policy. */
export interface PlayedPage extends AsyncDisposable {
  /** With the token. */
  readonly url: string;
  /** The actions that were asked for. */
  readonly actions: readonly Action[];
  /** The URLs of all streams and of all logs that were asked for. */
  readonly asked: readonly string[];
  /** Sends a message to all pages. */
  readonly send: (...messages: readonly Message[]) => void;
  readonly sendLogs: (...messages: readonly LogMessage[]) => void;
  /** Plays another script to each page that connects from now on. */
  readonly follow: (script: Script) => void;
  /** Breaks all connections. */
  readonly cut: () => void;
}

/** Starts to play a script. */
export async function playPage(first: Script): Promise<PlayedPage> {
  let script = first;
  const pages = new Set<ServerResponse>();
  const followers = new Set<ServerResponse>();
  const actions: Action[] = [];
  const asked: string[] = [];
  const write = (place: ServerResponse, messages: readonly (Message | LogMessage)[]) => {
    for (const message of messages) place.write(formatFrame(message as Message));
  };
  const stream = (response: ServerResponse, places: Set<ServerResponse>) => {
    response.writeHead(200, { ...SECURITY_HEADERS, 'content-type': 'text/event-stream; charset=utf-8' });
    response.write(HEARTBEAT);
    places.add(response);
    response.on('close', () => places.delete(response));
  };
  const reply = (response: ServerResponse, status: number, body: unknown) => {
    response.writeHead(status, { ...SECURITY_HEADERS, 'content-type': 'application/json' });
    response.end(status === 204 ? undefined : JSON.stringify(body));
  };

  type Handler = (response: ServerResponse, url: URL, request: IncomingMessage) => void | Promise<void>;
  const handlers: Readonly<Record<string, Handler>> = {
    '/api/events': (response, { pathname, search, searchParams }) => {
      asked.push(`${pathname}${search}`);
      stream(response, pages);
      write(response, writeStart(script, searchParams, String(pages.size)));
    },
    '/api/logs': (response, { pathname, search }) => {
      asked.push(`${pathname}${search}`);
      stream(response, followers);
      write(response, script.logs ?? []);
    },
    '/api/selection': async (response, _, request) => {
      const { selected } = (await json(request)) as SelectionRequest;
      for (const page of pages) write(page, writeSelected(script, selected));
      reply(response, 204, undefined);
    },
    '/api/actions': async (response, _, request) => {
      const action = (await json(request)) as Action;
      actions.push(action);
      const given = script.answer?.(action) ?? { isDone: true, sentences: ['It is done.'] };
      reply(response, given.isDone ? 200 : 422, given);
    },
    '/api/namespaces': (response) => reply(response, 200, script.namespaces ?? { namespaces: ['ci'] }),
    '/api/run-events': (response) => reply(response, 200, script.events ?? { events: [] }),
    '/api/value': (response) => {
      response.writeHead(200, { ...SECURITY_HEADERS, 'content-type': 'text/plain' });
      response.end('the whole value');
    },
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://page');
    if (request.headers.host !== `127.0.0.1:${port}`) throw new Error('a request to another host');
    const handle = handlers[url.pathname];
    if (handle !== undefined) return handle(response, url, request);
    const file = await readPageFile(url.pathname.slice(1) || 'page.html');
    if (file === undefined) return reply(response, 404, {});
    response.writeHead(200, { ...SECURITY_HEADERS, 'content-type': file.type });
    response.end(file.text);
  }

  const server = createServer((request, response) => void answer(request, response));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/#token=played`,
    actions,
    asked,
    send: (...messages) => {
      for (const page of pages) write(page, messages);
    },
    sendLogs: (...messages) => {
      for (const follower of followers) write(follower, messages);
    },
    follow: (next) => {
      script = next;
    },
    cut: () => server.closeAllConnections(),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const CHUNK = 500;

function writeStart(script: Script, query: URLSearchParams, stream: string): Message[] {
  const { context, connection = { state: 'Live' }, rights, entries } = script;
  const [kind, name] = [query.get('kind'), query.get('name')];
  const namespace = query.get('namespace') ?? 'ci';
  const isFlat = { type: 'Entries', gone: [] } as const;
  return [
    { type: 'Context', context: { stream, context: 'prod', namespace, isReadOnly: false, ...context } },
    { type: 'Connection', connection },
    {
      type: 'Rights',
      rights: { user: 'alice', canRun: true, canReadEvents: true, canReadLogs: true, ...rights },
    },
    ...writeSelected(script, kind === null || name === null ? null : ({ kind, name } as SelectionRequest['selected'])),
    ...Array.from({ length: Math.ceil(entries.length / CHUNK) }, (_, at): Message => {
      return { ...isFlat, changed: entries.slice(at * CHUNK, (at + 1) * CHUNK) };
    }),
    ...(['Orchestration', 'OrchestrationRun'] as const).map((listed): Message => ({ type: 'Listed', kind: listed })),
  ];
}

function writeSelected({ objects }: Script, selected: SelectionRequest['selected']): Message[] {
  if (selected === null) return [{ type: 'Selected', selected }];
  const absent = {
    type: 'Absent',
    sentence: `There is no ${selected.kind} "${selected.name}" in this namespace.`,
  } as const;
  return [{ type: 'Selected', selected }, ...(objects[`${selected.kind}/${selected.name}`] ?? [absent])];
}
