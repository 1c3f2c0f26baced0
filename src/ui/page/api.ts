import type {
  Action,
  ActionAnswer,
  LogMessage,
  LogQuery,
  NamespaceList,
  RunEvents,
  RunEventsQuery,
  SelectionRequest,
  ValueQuery,
} from './protocol.ts';
import { followServer, type Link } from './stream.ts';

/** The requests of the page, apart from the stream. A request for data that fails resolves to a `Failure`. */
export interface Api {
  readonly select: (request: SelectionRequest) => Promise<void>;
  readonly listNamespaces: () => Promise<NamespaceList | Failure>;
  readonly readValue: (query: ValueQuery) => Promise<string | Failure>;
  readonly readEvents: (query: RunEventsQuery) => Promise<RunEvents | Failure>;
  readonly act: (action: Action) => Promise<ActionAnswer>;
  /** Returns a function that stops following. */
  readonly followLogs: (query: LogQuery, on: LogListener) => () => void;
}

export interface Failure {
  readonly failure: string;
}

export interface LogListener {
  /** Called before each connection. All lines arrive again. */
  readonly onStart: () => void;
  readonly onMessage: (message: LogMessage) => void;
  readonly onLink: (link: Link) => void;
}

const UNREACHABLE = 'orchestration-gate ui does not answer: is it still running?';

/** Creates the requests of a page with this token. */
export function createApi(token: string): Api {
  const authorization = `Bearer ${token}`;

  async function get<Answer>(path: string, query: object, read: (response: Response) => Promise<Answer>) {
    try {
      const response = await fetch(writeUrl(path, query), { headers: { authorization } });
      return response.ok ? await read(response) : { failure: (await response.text()).trim() };
    } catch {
      return { failure: UNREACHABLE };
    }
  }

  const post = (path: string, body: object) =>
    fetch(path, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });

  return {
    // If the stream has ended, the next one begins with the selection.
    select: async (request) => void (await post('/api/selection', request).catch(() => undefined)),
    listNamespaces: () => get('/api/namespaces', {}, (response) => response.json() as Promise<NamespaceList>),
    readValue: (query) => get('/api/value', query, (response) => response.text()),
    readEvents: (query) => get('/api/run-events', query, (response) => response.json() as Promise<RunEvents>),
    act: (action) => act(() => post('/api/actions', action)),
    followLogs: (query, on) => followLogs(query, on, token),
  };
}

async function act(send: () => Promise<Response>): Promise<ActionAnswer> {
  try {
    const response = await send();
    const text = await response.text();
    return text.startsWith('{') ? (JSON.parse(text) as ActionAnswer) : { isDone: false, sentences: [text.trim()] };
  } catch {
    return { isDone: false, sentences: [`${UNREACHABLE} It is not known whether the action was performed.`] };
  }
}

function followLogs(query: LogQuery, { onStart, onMessage, onLink }: LogListener, token: string): () => void {
  let isOver = false;
  return followServer<LogMessage>({
    url: () => {
      onStart();
      return writeUrl('/api/logs', query);
    },
    token,
    onLink,
    onMessage: (message) => {
      isOver ||= message.type === 'End';
      onMessage(message);
    },
    isOver: () => isOver,
  });
}

/** Writes a URL with the fields of the query that have a value. */
export function writeUrl(path: string, query: object): string {
  const fields = Object.entries(query).filter(([, value]) => value !== undefined);
  return fields.length === 0 ? path : `${path}?${new URLSearchParams(fields)}`;
}
