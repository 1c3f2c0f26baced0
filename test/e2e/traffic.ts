import { setTimeout as delay } from 'node:timers/promises';
import { isRecord } from '../../src/orchestration/decode.ts';
import { connectApi } from '../support/api.ts';
import type { ClusterAddress } from '../support/controlplane/cluster.ts';
import { graph, loop, sequence } from './release.ts';

/** Objects that are applied over and over: the first applies create them, the others change them. */
const OBJECTS = 200;
/** The most applies that are under way at once. If more were needed, the rate is lower than wanted. */
const IN_FLIGHT = 32;

/** The outcome of one apply: right, wrong, or not judged because the API server itself was away. */
interface Sent {
  readonly at: number;
  readonly milliseconds: number;
  readonly outcome: 'right' | 'wrong' | 'unavailable';
  /** Whether the answer was a verdict, right or wrong: the object is accepted, or it is refused. */
  readonly isVerdict: boolean;
}

export interface Traffic {
  /** All applies so far, in the order in which they ended. */
  readonly sent: readonly Sent[];
  /** The first twenty wrong answers. */
  readonly wrong: readonly unknown[];
  /** Until `resume`, an apply that meets no API server, or one that does not serve yet, counts as unavailable. */
  readonly excuse: () => void;
  readonly resume: () => void;
  /** Sends no more; resolves when the last answer is in. */
  readonly stop: () => Promise<void>;
}

/**
 * Applies Orchestrations at `rate` a second: in turn, a graph with declared dependencies, one with the default, a loop,
 * and one with a missing step.
 */
export function startTraffic(address: ClusterAddress, namespace: string, rate: number): Traffic {
  const send = connectApi(address);
  const sent: Sent[] = [];
  const wrong: unknown[] = [];
  const pending = new Set<Promise<void>>();
  let isExcused = false;
  let isStopped = false;
  let turn = 0;

  async function applyOne(number: number): Promise<void> {
    const { object, isRight } = makeApply(number);
    const path = `/apis/orchestration.proompteng.ai/v1alpha1/namespaces/${namespace}/orchestrations/${nameOf(number)}`;
    const at = performance.now();
    const wasExcused = isExcused;
    const answer = await send(
      'PATCH',
      `${path}?fieldManager=load&force=true`,
      object,
      'application/apply-patch+yaml',
    ).catch((error: unknown) => ({ status: 0, body: String(error) }));
    const outcome = isRight(answer) ? 'right' : wasExcused || isExcused ? excused(answer.status) : 'wrong';
    if (outcome === 'wrong' && wrong.length < 20) wrong.push({ number, ...answer });
    sent.push({ at, milliseconds: performance.now() - at, outcome, isVerdict: isVerdict(answer.status) });
  }

  async function sendAll(): Promise<void> {
    const begun = performance.now();
    while (!isStopped) {
      const due = Math.floor(((performance.now() - begun) / 1000) * rate);
      for (; turn < due && pending.size < IN_FLIGHT; turn += 1) {
        const one: Promise<void> = applyOne(turn).finally(() => pending.delete(one));
        pending.add(one);
      }
      turn = due; // what could not be sent in time is not sent later in a burst
      await delay(5);
    }
    await Promise.all(pending);
  }
  const sending = sendAll();
  return {
    sent,
    wrong,
    excuse: () => {
      isExcused = true;
    },
    resume: () => {
      isExcused = false;
    },
    stop: () => {
      isStopped = true;
      return sending;
    },
  };
}

/** Anything but a verdict is an API server that does not serve. */
function excused(status: number): 'wrong' | 'unavailable' {
  return isVerdict(status) ? 'wrong' : 'unavailable';
}

function isVerdict(status: number): boolean {
  return status === 200 || status === 201 || status === 422;
}

function nameOf(number: number): string {
  return `load-${number % OBJECTS}`;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** The `number`th Orchestration, which is like no other, and how to recognise the right answer to it. */
function makeApply(number: number): { object: object; isRight: (answer: Answer) => boolean } {
  const name = nameOf(number);
  const refused =
    (code: string) =>
    ({ status, body }: Answer) =>
      status === 422 && JSON.stringify(isRecord(body) ? body['details'] : body).includes(`"${code}"`);
  const taken =
    (second: string) =>
    ({ status, body }: Answer) =>
      status < 300 && JSON.stringify(body).includes(`"dependsOn":["${second}"]`);
  const step = `step-${number}`;
  switch (number % 4) {
    case 0:
      return { object: graph(name, { [step]: [], last: [step] }), isRight: taken(step) };
    case 1:
      return { object: sequence(name, [step, 'last']), isRight: taken(step) };
    case 2:
      return { object: loop(name, step), isRight: refused('DependencyCycle') };
    default:
      return { object: graph(name, { [step]: [`absent-${number}`] }), isRight: refused('MissingDependency') };
  }
}
