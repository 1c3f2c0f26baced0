import type { KubeObject } from '../../../src/objects/object.ts';
import type { Orchestration } from '../../../src/orchestration/decode.ts';
import type { StepStatus } from '../../../src/orchestration/run-status.ts';
import { GROUP } from '../../../src/orchestration/schema.ts';
import { writeToolRunState } from '../../../src/orchestration/tool-run-state.ts';
import { Annotation } from '../../../src/orchestration/vocabulary/metadata.ts';
import type { Action, Observation } from '../../../src/reconciler/observation.ts';
import {
  act,
  createWorld,
  listChildren,
  listVisible,
  type Moment,
  NAMESPACE,
  nameChild,
  ORCHESTRATION,
  plan,
  RUN,
  RUNS,
  setPhase,
  storedStatus,
  TOOL_RUNS,
  type World,
} from './engine.ts';

// A run told as a story: nothing fails and nothing comes late, and after each sentence everything that is due is done.

export type Step = Orchestration['steps'][number];

export const run = { namespace: NAMESPACE, name: RUN };
export const orchestration = { namespace: NAMESPACE, name: ORCHESTRATION };
/** The options with which a story plans its run, for tests that call `planRun` themselves. */
export const options = { nameChild, missingOrchestrationSeconds: 300 };
/** Annotations of a run. */
export const suspended = { [`${GROUP}/suspend`]: 'true' };
export const cancelled = { [`${GROUP}/cancel`]: 'true' };

/** A ToolRun of a tool of its name. Without `dependsOn` it does not say what it waits for. */
export function tool(name: string, dependsOn?: readonly string[], rest: Partial<Step> = {}): Step {
  return { name, kind: 'ToolRun', toolRef: { name }, ...(dependsOn && { dependsOn: [...dependsOn] }), ...rest };
}

export interface Story {
  readonly world: World;
  /** All that has happened, in order. */
  readonly moments: readonly Moment[];
}

export interface Circumstances {
  readonly policies?: Orchestration['policies'];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ancestry?: readonly string[];
  readonly parameters?: Readonly<Record<string, string>>;
}

/** A run of these steps (of no Orchestration at all, if there are none), once it has started. */
export function begin(steps: readonly Step[] | undefined, circumstances: Circumstances = {}): Story {
  const { policies = {}, annotations = {}, ancestry = [], parameters } = circumstances;
  const moments: Moment[] = [];
  const setting = { ancestry, tell: (moment: Moment) => moments.push(moment) };
  const world = createWorld(steps && { steps, policies }, setting, annotations, parameters);
  settle(world);
  return { world, moments };
}

/** The process sees everything and does what is due, until there is nothing more to do. */
export function settle(world: World): void {
  for (let round = 0; round < 1000; round++) {
    world.view = new Map(listVisible(world));
    if (!plan(world)) return;
    while (world.plan !== undefined) act(world);
  }
  throw new Error('the run does not come to rest');
}

/** The child of a step's current attempt. */
export function childOf({ world }: Story, step: string): KubeObject | undefined {
  const ref = statusOf({ world }, step).resourceRef;
  return listChildren(world.api).find(({ metadata }) => metadata.name === ref?.name);
}

/** The child of a step's current attempt ends. */
export function end(story: Story, step: string, phase: string, message?: string): void {
  const child = childOf(story, step);
  if (child === undefined) throw new Error(`${step} has no child`);
  setPhase(story.world, child, phase, message);
  settle(story.world);
}

/** The ToolRun of a step's current attempt succeeds with these outputs. */
export function endWith(story: Story, step: string, outputs: Readonly<Record<string, string>>): void {
  const { metadata } = childOf(story, step) ?? {};
  if (metadata === undefined) throw new Error(`${step} has no child`);
  const finishedAt = new Date(story.world.nowMs).toISOString();
  const outcome = { phase: 'Succeeded', reason: 'Completed', message: '', finishedAt } as const;
  const state = writeToolRunState({ uid: metadata.uid ?? '' }, { startedAt: finishedAt, outcome, outputs });
  const body = { metadata: { annotations: { [Annotation.ToolRunState]: state } } };
  story.world.api.patch(TOOL_RUNS, metadata, { type: 'merge', body });
  end(story, step, 'Succeeded');
}

export function pass({ world }: Story, seconds: number): void {
  world.nowMs += seconds * 1000;
  settle(world);
}

/** Annotates the run with `cancel` or `suspend`; null takes the annotation away. */
export function annotate({ world }: Story, name: string, value: string | null = 'true'): void {
  annotateOnly(world, name, value);
  settle(world);
}

function annotateOnly({ api }: World, name: string, value: string | null): void {
  const body = { metadata: { annotations: { [`${GROUP}/${name}`]: value } } };
  api.patch(RUNS, run, { type: 'merge', body });
}

/** Removes the objects that were deleted in the foreground. */
export function collectGarbage({ world }: Story): void {
  while (world.api.collectGarbage());
  settle(world);
}

export function statusOf({ world }: Pick<Story, 'world'>, step: string): StepStatus {
  const status = storedStatus(world).stepStatuses.find(({ name }) => name === step);
  if (status === undefined) throw new Error(`the run has no step ${step}`);
  return status;
}

/** `build: Failed, test: Skipped`. */
export function phasesOf({ world }: Story): string {
  return storedStatus(world)
    .stepStatuses.map(({ name, phase }) => `${name}: ${phase}`)
    .join(', ');
}

/** Phase, reason and message of the run: `Failed, StepFailed: "build" failed: exit 1`. */
export function standingOf({ world }: Story): string {
  const { phase, conditions } = storedStatus(world);
  const { reason, message } = conditions.find(({ type }) => type === 'Succeeded') ?? {};
  return `${phase}, ${reason}: ${message}`;
}

/** The children created so far, in order, each as `step.attempt`. */
export function createdBy({ moments }: Story): string[] {
  return moments.flatMap((moment) =>
    moment.type === 'Created' ? [moment.child.metadata.name.split('.').slice(0, -1).join('.')] : [],
  );
}

/** What was read for the first decision. */
export function firstLook({ moments }: Story): Observation {
  const first = moments.find((moment) => moment.type === 'Planned');
  if (first === undefined) throw new Error('nothing was planned');
  return first.observation;
}

/** What the last decision asks for. */
export function lastPlan({ moments }: Story): readonly Action[] {
  return moments.findLast((moment) => moment.type === 'Planned')?.actions ?? [];
}

/** The events of all decisions, in order: `Normal Started: started Orchestration "nightly"`. */
export function eventsOf({ moments }: Story): string[] {
  return moments
    .flatMap((moment) => (moment.type === 'Planned' ? moment.actions : []))
    .flatMap((action) =>
      action.type === 'EmitEvent' ? [`${action.eventType} ${action.reason}: ${action.message}`] : [],
    );
}

/** In how many seconds from now the last decision wants the run to be requeued. */
export function requeuedIn(story: Story): number | undefined {
  const requeue = lastPlan(story).find((action) => action.type === 'RequeueAt');
  return requeue && (Date.parse(requeue.time) - story.world.nowMs) / 1000;
}

/** A run whose first attempts are recorded and not created yet: the process has died in between. */
export function beginInterrupted(steps: readonly Step[], circumstances: Circumstances = {}): Story {
  const story = begin(steps, { ...circumstances, annotations: { ...circumstances.annotations, ...suspended } });
  const { world } = story;
  annotateOnly(world, 'suspend', null);
  while (storedStatus(world).runId === undefined) {
    world.view = new Map(listVisible(world));
    plan(world);
    act(world);
  }
  world.plan = undefined;
  return story;
}
