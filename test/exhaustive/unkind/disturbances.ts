import type { KubeObject } from '../../../src/objects/object.ts';
import { GROUP } from '../../../src/orchestration/schema.ts';
import { NAMESPACE, ORCHESTRATIONS, REVISIONS, RUNS, resourceOf, TOOL_RUNS } from '../../support/model/engine.ts';
import * as laws from '../../support/model/laws.ts';
import type { Fate, OnItsWay } from '../../support/model/network.ts';
import { AGENT_RUNS, DELIVERIES, type Simulation } from '../../support/model/simulation.ts';

/** Something that goes wrong as a call arrives. */
export interface Disturbance {
  readonly title: string;
  /**
   * `nothing`: the run ends as if undisturbed; `nothing if brief`: so it does, unless it waits longer than a step may;
   * `cancelled`, `gone`: the run ends like this; `taken`: no step succeeds by what somebody else made; `anything`: the
   * run ends, and touches nothing that is not its own.
   */
  readonly leaves: 'nothing' | 'nothing if brief' | 'cancelled' | 'gone' | 'taken' | 'anything';
  /** Whether it can happen to a call. Without it, it can happen to every call. */
  readonly concerns?: (call: OnItsWay) => boolean;
  readonly strike: (simulation: Simulation, call: OnItsWay) => Fate | undefined;
  /** How far the clock of the first engine is ahead of the API server's. */
  readonly aheadMs?: number;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
export const RUN = { namespace: NAMESPACE, name: 'main' };

export const isWrite = ({ verb }: OnItsWay) => verb !== 'get' && verb !== 'list';
const isChildCreate = ({ verb, resource }: OnItsWay) => verb === 'create' && resource.kind !== REVISIONS.kind;

/** The engine dies, and a second later another starts, whose clock is right. */
function die(fate: Fate) {
  return (simulation: Simulation): Fate => {
    simulation.after(1_000, () => simulation.startEngine());
    return fate;
  };
}

/** Adds laws for `forMs`. */
function decree(forMs: number, ...more: readonly laws.Law[]) {
  return (simulation: Simulation): undefined => {
    simulation.govern([...simulation.laws(), ...more]);
    simulation.after(forMs, () => simulation.govern(simulation.laws().filter((law) => !more.includes(law))));
  };
}

export function annotate(simulation: Simulation, key: string): undefined {
  const body = { metadata: { annotations: { [`${GROUP}/${key}`]: 'true' } } };
  simulation.change((model) => model.patch(RUNS, RUN, { type: 'merge', body }));
}

const everywhere = [TOOL_RUNS, AGENT_RUNS, RUNS];

/** What comes after another disturbance, when two are tried. */
export const deaths: Disturbance = {
  title: 'the engine dies after',
  leaves: 'nothing',
  concerns: isWrite,
  strike: die('caller dies after'),
};

const accidents: readonly Disturbance[] = [
  { title: 'the call is not carried out', leaves: 'nothing', strike: () => 'fails' },
  { title: 'the answer is lost', leaves: 'nothing', concerns: isWrite, strike: () => 'answer is lost' },
  { title: 'the engine dies before', leaves: 'nothing', strike: die('caller dies before') },
  deaths,
  ...[-HOUR_MS, HOUR_MS].map(
    (aheadMs): Disturbance => ({
      title: `the engine, whose clock was an hour ${aheadMs < 0 ? 'slow' : 'fast'}, dies before`,
      leaves: 'nothing',
      aheadMs,
      strike: die('caller dies before'),
    }),
  ),
];

const denials: readonly Disturbance[] = [
  {
    title: 'no quota is left for ten minutes',
    leaves: 'nothing if brief',
    strike: decree(10 * MINUTE_MS, ...everywhere.map((kind) => laws.quota(NAMESPACE, kind, 0))),
  },
  {
    title: 'a quota is new for a minute',
    leaves: 'nothing if brief',
    strike: decree(MINUTE_MS, ...everywhere.map((kind) => laws.newQuota(NAMESPACE, kind))),
  },
  {
    title: 'a webhook on children is away for ten minutes',
    leaves: 'nothing if brief',
    strike: decree(10 * MINUTE_MS, ...everywhere.map((kind) => laws.absentWebhook(NAMESPACE, kind))),
  },
  ...[TOOL_RUNS, AGENT_RUNS, DELIVERIES].flatMap((kind): Disturbance[] => [
    {
      title: `all rights to ${kind.plural} are missing for ten minutes`,
      leaves: 'nothing if brief',
      strike: decree(10 * MINUTE_MS, laws.withoutRight(kind, ['get', 'list', 'watch', 'create', 'patch', 'delete'])),
    },
    {
      title: `there is no kind ${kind.plural} for ten minutes`,
      leaves: 'nothing if brief',
      strike: decree(10 * MINUTE_MS, laws.withoutKind(kind)),
    },
  ]),
  {
    title: 'the right to read Orchestrations is missing for ten minutes',
    leaves: 'nothing if brief',
    strike: decree(10 * MINUTE_MS, laws.withoutRight(ORCHESTRATIONS, ['get', 'list', 'watch'])),
  },
];

const people: readonly Disturbance[] = [
  { title: 'somebody cancels', leaves: 'cancelled', strike: (simulation) => annotate(simulation, 'cancel') },
  {
    title: 'somebody cancels while signals cannot be read',
    leaves: 'cancelled',
    strike(simulation) {
      simulation.govern([...simulation.laws(), laws.withoutKind(DELIVERIES)]);
      return annotate(simulation, 'cancel');
    },
  },
  {
    title: 'somebody cancels while no child can be created',
    leaves: 'cancelled',
    strike(simulation) {
      simulation.govern([...simulation.laws(), ...everywhere.map((kind) => laws.quota(NAMESPACE, kind, 0))]);
      return annotate(simulation, 'cancel');
    },
  },
  {
    title: 'somebody deletes the run',
    leaves: 'gone',
    strike: (simulation) => simulation.change((model) => model.delete(RUNS, RUN)) as undefined,
  },
  {
    title: 'somebody made that child before, with another spec',
    leaves: 'taken',
    concerns: isChildCreate,
    strike(simulation, { body, resource }) {
      const child = body as KubeObject;
      const spec =
        resource.kind === RUNS.kind ? { orchestrationRef: { name: 'harmless' } } : { toolRef: { name: 'harmless' } };
      simulation.change((model) => {
        model.create(resourceOf(child.kind), { ...child, spec });
        const status = { phase: 'Succeeded' };
        model.patch(
          resourceOf(child.kind),
          nameOf(child),
          { type: 'merge', body: { status } },
          { subresource: 'status' },
        );
      });
      simulation.after(10 * MINUTE_MS, () => {
        if (simulation.get(resource, child.metadata.name) === undefined) return;
        simulation.change((model) => model.delete(resourceOf(child.kind), nameOf(child)));
      });
      return undefined;
    },
  },
];

export const disturbances: readonly Disturbance[] = [...accidents, ...denials, ...people];

function nameOf({ metadata: { name } }: KubeObject) {
  return { namespace: NAMESPACE, name };
}
