import { mayDecide } from '../cli/cluster/approvers.ts';
import { type AccessQuestion, type Cluster as Api, isApiFailure } from '../cli/cluster/port.ts';
import type { Run } from '../cli/cluster/run.ts';
import { GROUP } from '../orchestration/schema.ts';
import type { Rights } from './page/protocol.ts';

/** A right can be granted or taken away while a page is open, so an answer is kept only for this time. */
export const RIGHTS_MS = 60_000;

/** What the user may do in one namespace. If the API server gives no answer, that counts as no. */
export interface RightsReader {
  readonly read: () => Promise<Rights>;
  readonly mayCreateRuns: () => Promise<boolean>;
  readonly mayChangeRun: (run: string) => Promise<boolean>;
  /** Whether the user may approve or deny this step. */
  readonly mayDecide: (run: Run, step: string) => Promise<boolean>;
  /** Forgets all answers. Call it if the API server has denied something that they allow. */
  readonly forget: () => void;
}

interface RightsOptions {
  readonly api: Pick<Api, 'namespace' | 'canI' | 'whoAmI'>;
  readonly isReadOnly: boolean;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

const RUNS = { group: GROUP, resource: 'orchestrationruns' };

/** Creates a reader that asks the API server each question at most once in `RIGHTS_MS`. */
export function createRights({ api, isReadOnly, now }: RightsOptions): RightsReader {
  const { namespace } = api;
  const answers = new Map<string, { readonly atMs: number; readonly answer: Promise<unknown> }>();

  function ask<T>(key: string, question: () => Promise<T>, otherwise: T): Promise<T> {
    const known = answers.get(key);
    if (known !== undefined && now() - known.atMs < RIGHTS_MS) return known.answer as Promise<T>;
    const answer = question().catch((error: unknown) => {
      if (!isApiFailure(error)) throw error;
      answers.delete(key);
      return otherwise;
    });
    answers.set(key, { atMs: now(), answer });
    return answer;
  }

  /** Asks the API server, unless this reader remembers the answer. */
  const memory = {
    canI: (question: AccessQuestion) =>
      ask(JSON.stringify(question), () => api.canI(question), { allowed: false, reason: '' }),
  };
  const may = async (question: Omit<AccessQuestion, 'namespace'>) =>
    (await memory.canI({ ...question, namespace })).allowed;
  const change = async (question: Omit<AccessQuestion, 'namespace'>) => !isReadOnly && (await may(question));
  const mayCreateRuns = () => change({ verb: 'create', ...RUNS });

  return {
    read: async () => {
      const [user, canRun, canReadEvents, canReadLogs] = await Promise.all([
        ask('user', () => api.whoAmI(), ''),
        mayCreateRuns(),
        may({ verb: 'list', group: '', resource: 'events' }),
        may({ verb: 'get', group: '', resource: 'pods', subresource: 'log' }),
      ]);
      return { user, canRun, canReadEvents, canReadLogs };
    },
    mayCreateRuns,
    mayChangeRun: (run) => change({ verb: 'patch', ...RUNS, name: run }),
    mayDecide: async (run, step) => !isReadOnly && (await mayDecide(memory, run, step)),
    forget: () => answers.clear(),
  };
}
