import type { FastifyInstance, FastifyReply } from 'fastify';
import { isApiFailure } from '../cli/cluster/port.ts';
import { quoteName } from '../dag/display.ts';
import type { KubeObject } from '../objects/object.ts';
import { KubeErrorReason } from '../orchestration/vocabulary/kube-error-reasons.ts';
import { carryOut } from './actions.ts';
import type { KubectlContext } from './command.ts';
import { sendLogs } from './logs.ts';
import type { Namespace, Namespaces } from './namespaces.ts';
import type { ActionAnswer, StreamQuery } from './page/protocol.ts';
import {
  readAction,
  readLogQuery,
  readRunEventsQuery,
  readSelectionRequest,
  readStreamQuery,
  readValueQuery,
} from './requests.ts';
import { readRunEvents } from './run-events.ts';
import { openSession, type Session } from './session.ts';
import { createSourceReader } from './source.ts';
import { EVENT_STREAM, openFrames } from './sse.ts';
import { findValue } from './value.ts';

export interface ApiOptions {
  readonly namespaces: Namespaces;
  /** The context of the kubeconfig. */
  readonly context: string;
  readonly isReadOnly: boolean;
  readonly kubectl: KubectlContext;
  /** Returns an identifier that nobody can guess. */
  readonly newId: () => string;
  /** Calls back once after this delay, in milliseconds. Returns a function that cancels it. */
  readonly schedule: (delayMs: number, callback: () => void) => () => void;
  /** Called if an answer cannot be created, which is a bug. */
  readonly onFault: (error: unknown) => void;
}

/** Adds everything below `/api/`: see page/protocol.ts. */
export function serveApi(app: FastifyInstance, options: ApiOptions): void {
  const { namespaces, isReadOnly, schedule } = options;
  const sessions = new Map<string, Session>();

  app.get('/api/events', (request, reply) => {
    const query = readStreamQuery(request.query);
    if (query === undefined) return unreadable(reply);
    return reply.type(EVENT_STREAM).send(openStream(query, sessions, options));
  });

  app.post('/api/selection', (request, reply) => {
    const asked = readSelectionRequest(request.body);
    if (asked === undefined) return unreadable(reply);
    const session = sessions.get(asked.stream);
    if (session === undefined) return end(reply, 404, 'the stream has ended: open a new one');
    session.select(asked.selected ?? undefined);
    return reply.code(204).send();
  });

  app.get('/api/namespaces', () => namespaces.list());

  app.get('/api/value', async (request, reply) => {
    const query = readValueQuery(request.query);
    if (query === undefined) return unreadable(reply);
    return withRun(query, reply, async (run, { cluster }) => {
      const graph = query.of === 'inputs' ? (await createSourceReader(cluster)(run)).object : undefined;
      const value = findValue(run, graph, query);
      if (value === undefined) return end(reply, 404, `there is no ${quoteName(query.name)} any more`);
      return reply.type('text/plain; charset=utf-8').send(value);
    });
  });

  app.get('/api/run-events', async (request, reply) => {
    const query = readRunEventsQuery(request.query);
    if (query === undefined) return unreadable(reply);
    return withRun(query, reply, (run, { api }) => readRunEvents(api, run, query.step));
  });

  app.get('/api/logs', async (request, reply) => {
    const query = readLogQuery(request.query);
    if (query === undefined) return unreadable(reply);
    const { namespace, release } = namespaces.use(query.namespace);
    const closing = new AbortController();
    const frames = openFrames(schedule, () => {
      closing.abort();
      release();
    });
    void sendLogs(query, { ...namespace, ...options, frames, signal: closing.signal }).catch(options.onFault);
    return reply.type(EVENT_STREAM).send(frames.body);
  });

  app.post('/api/actions', async (request, reply): Promise<ActionAnswer> => {
    const action = readAction(request.body);
    if (action === undefined) {
      reply.code(400);
      return { isDone: false, sentences: ['The request cannot be read: reload the page.'] };
    }
    if (isReadOnly) {
      reply.code(403);
      return { isDone: false, sentences: ['This page was started with --read-only, so it changes nothing.'] };
    }
    const answer = await within(action.namespace, ({ api, rights }) => carryOut(action, api, rights));
    if (!answer.isDone) reply.code(409);
    return answer;
  });

  async function within<T>(name: string, use: (namespace: Namespace) => Promise<T>): Promise<T> {
    const { namespace, release } = namespaces.use(name);
    try {
      return await use(namespace);
    } finally {
      release();
    }
  }

  /** Hands over a run. If it does not exist, or if anything cannot be read, the reply says so. */
  function withRun<T>(
    { namespace: place, run: name }: { readonly namespace: string; readonly run: string },
    reply: FastifyReply,
    use: (run: KubeObject, namespace: Namespace) => Promise<T>,
  ): Promise<T | FastifyReply> {
    return within(place, async (namespace) => {
      try {
        const run = await namespace.cluster.read({ kind: 'OrchestrationRun', name });
        if (run !== undefined) return await use(run, namespace);
        return await end(reply, 404, `there is no run ${quoteName(name)}`);
      } catch (error) {
        if (!isApiFailure(error)) throw error;
        return end(reply, error.reason === KubeErrorReason.Forbidden ? 403 : 502, error.message);
      }
    });
  }
}

/** Opens the stream of a session. The session ends when the stream closes. */
function openStream(query: StreamQuery, sessions: Map<string, Session>, options: ApiOptions) {
  const { namespaces, context, isReadOnly, schedule, newId } = options;
  const { namespace: name = namespaces.first, kind, name: object } = query;
  const { namespace, release } = namespaces.use(name);
  const stream = newId();
  const frames = openFrames(schedule, () => {
    sessions.get(stream)?.close();
    sessions.delete(stream);
    release();
  });
  const session = openSession({
    ...options,
    ...namespace,
    context: { stream, context, namespace: name, isReadOnly },
    selected: kind === undefined || object === undefined ? undefined : { kind, name: object },
    send: frames.send,
  });
  sessions.set(stream, session);
  return frames.body;
}

function unreadable(reply: FastifyReply): FastifyReply {
  return end(reply, 400, 'the request cannot be read: reload the page');
}

/** Ends a request with a sentence. */
export function end(reply: FastifyReply, status: number, sentence: string): FastifyReply {
  return reply.code(status).type('text/plain; charset=utf-8').send(`${sentence}\n`);
}
