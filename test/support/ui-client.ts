import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { json, text } from 'node:stream/consumers';
import type { Action, ActionAnswer, EntryKey, LogMessage, Message } from '../../src/ui/page/protocol.ts';

/** What the page hears, and sends, without a browser. */
export interface UiClient {
  /** Opens a stream. All that it has received is in `heard`. */
  readonly follow: (query?: Readonly<Record<string, string>>) => Promise<UiStream>;
  readonly select: (stream: string, selected: EntryKey) => Promise<number>;
  readonly act: (action: Action) => Promise<{ readonly status: number; readonly answer: ActionAnswer }>;
  /** GETs a path below `/api/`. */
  readonly get: (path: string, query?: Readonly<Record<string, string>>) => Promise<IncomingMessage>;
  /** Reads the logs of a step until they end. */
  readonly readLogs: (query: Readonly<Record<string, string>>) => Promise<readonly LogMessage[]>;
}

export interface UiStream {
  readonly heard: readonly Message[];
  readonly received: <Type extends Message['type']>(type: Type) => Extract<Message, { readonly type: Type }>[];
  readonly end: () => void;
}

/** Connects to a server by the URL that the terminal shows. */
export function connectUi(url: string): UiClient {
  const { host, hostname, port, hash } = new URL(url);
  const authorization = `Bearer ${hash.replace('#token=', '')}`;

  async function send(method: 'GET' | 'POST', path: string, body?: object): Promise<IncomingMessage> {
    const headers = { authorization, ...(body && { 'content-type': 'application/json', origin: `http://${host}` }) };
    const sent = request({ port, hostname, path, method, headers }).end(body && JSON.stringify(body));
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    return response;
  }

  const get: UiClient['get'] = (path, query = {}) => send('GET', `/api/${path}?${new URLSearchParams(query)}`);

  return {
    follow: async (query) => {
      const response = await get('events', query);
      if (response.statusCode !== 200) throw new Error(await text(response));
      const heard: Message[] = [];
      void readFrames<Message>(response, (message) => heard.push(message)).catch(() => {});
      return {
        heard,
        received: <Type extends Message['type']>(type: Type) =>
          heard.filter((message): message is Extract<Message, { readonly type: Type }> => message.type === type),
        end: () => response.destroy(),
      };
    },
    select: async (stream, selected) => (await send('POST', '/api/selection', { stream, selected })).statusCode ?? 0,
    act: async (action) => {
      const response = await send('POST', '/api/actions', action);
      return { status: response.statusCode ?? 0, answer: (await json(response)) as ActionAnswer };
    },
    get,
    readLogs: async (query) => {
      const messages: LogMessage[] = [];
      await readFrames<LogMessage>(await get('logs', query), (message) => messages.push(message));
      return messages;
    },
  };
}

async function readFrames<T>(response: IncomingMessage, take: (message: T) => void): Promise<void> {
  let partial = '';
  for await (const chunk of response.setEncoding('utf8')) {
    const frames = `${partial}${chunk}`.split('\n\n');
    partial = frames.pop() ?? '';
    for (const frame of frames) if (frame.startsWith('data: ')) take(JSON.parse(frame.slice(6)) as T);
  }
}
