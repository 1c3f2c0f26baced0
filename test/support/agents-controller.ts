import { setTimeout as delay } from 'node:timers/promises';
import type { ClusterAddress } from './controlplane/cluster.ts';
import { connectNamespace, type StoredObject } from './namespaced-api.ts';

const RUN = 'agents.proompteng.ai/orchestration-run';
const STEP = 'agents.proompteng.ai/orchestration-step';
const kinds = ['AgentRun', 'ToolRun'] as const;

/** Which attempt of a step a child is; attempts count from 1. */
export interface Attempt {
  readonly run: string;
  readonly step: string;
  readonly attempt: number;
}

/** How an attempt ends, and how long after it began. */
export interface Ending {
  readonly phase: 'Succeeded' | 'Failed';
  readonly message?: string;
  readonly afterMs: number;
}

/** Decides how an attempt ends; undefined: never. */
export type Script = (attempt: Attempt) => Ending | undefined;

/**
 * Starts a stand-in for the controllers of the agents chart that carry out AgentRuns and ToolRuns. It lists them all,
 * and waits `pollMilliseconds` between two lists. The caller must stop it.
 */
export function startAgentsController(
  cluster: ClusterAddress,
  namespace: string,
  script: Script,
  pollMilliseconds = 50,
): { readonly stop: () => Promise<void> } {
  const api = connectNamespace(cluster, namespace);
  const attempts = new Map<string, string[]>();
  const endings = new Map<string, { readonly ending: Ending; readonly dueAt: number }>();
  let isOver = false;

  /** Numbers the children of a step in the order in which they were seen. */
  function numberOf({ metadata: { uid, annotations = {} } }: StoredObject): Attempt {
    const { [RUN]: run = '', [STEP]: step = '' } = annotations;
    const uids = attempts.get(`${run}/${step}`) ?? [];
    attempts.set(`${run}/${step}`, uids);
    if (!uids.includes(uid)) uids.push(uid);
    return { run, step, attempt: uids.indexOf(uid) + 1 };
  }

  async function attend(kind: (typeof kinds)[number], child: StoredObject): Promise<void> {
    const { name, uid, deletionTimestamp } = child.metadata;
    const phase = child['status']?.phase;
    if (deletionTimestamp !== undefined || phase === 'Succeeded' || phase === 'Failed') return;
    const due = endings.get(uid);
    if (due !== undefined && performance.now() >= due.dueAt) await end(kind, name, due.ending);
    if (due !== undefined || phase === 'Running') return;
    const ending = script(numberOf(child));
    if (ending !== undefined) endings.set(uid, { ending, dueAt: performance.now() + ending.afterMs });
    await api.setStatus(kind, name, { phase: 'Running' }, 'agents-controller');
  }

  async function end(kind: (typeof kinds)[number], name: string, { phase, message = '' }: Ending): Promise<void> {
    const lastTransitionTime = new Date().toISOString();
    const condition = { type: phase, status: 'True', reason: phase, message, lastTransitionTime };
    await api.setStatus(kind, name, { phase, conditions: [condition] }, 'agents-controller');
  }

  async function watch(): Promise<void> {
    while (!isOver) {
      for (const kind of kinds) {
        // The kind may not be served yet, and a child may disappear meanwhile: the next round looks again.
        const children = await api.list(kind).catch(() => []);
        await Promise.all(children.map((child) => attend(kind, child).catch(() => {})));
      }
      await delay(pollMilliseconds);
    }
  }

  const watching = watch();
  return {
    stop: async () => {
      isOver = true;
      await watching;
    },
  };
}
