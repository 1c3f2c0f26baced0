import type { KubeObject } from '../../../src/objects/object.ts';
import type { Orchestration } from '../../../src/orchestration/decode.ts';
import { API_VERSION } from '../../../src/orchestration/schema.ts';
import { Annotation } from '../../../src/orchestration/vocabulary/metadata.ts';
import { ORCHESTRATIONS, REVISIONS, RUNS, TOOL_RUNS } from '../../support/model/engine.ts';
import type { Arena } from '../arena.ts';
import { stepOf } from '../hands.ts';
import { endOf } from '../mixed-run.ts';
import { type Ground, killEngines, PATIENCE_MS, type Scenario } from '../scenario.ts';

type Steps = Orchestration['steps'];

const toolRun = (name: string, dependsOn: string[]): Steps[number] => ({
  ...{ name, kind: 'ToolRun', toolRef: { name: 'echo' }, dependsOn },
});
const steps: Steps = [
  toolRun('build', []),
  toolRun('test', ['build']),
  toolRun('deploy', ['test']),
  { name: 'nested', kind: 'SubOrchestration', orchestrationRef: { name: 'inner' }, dependsOn: ['build'] },
];
const inner: Steps = [toolRun('up', []), toolRun('check', ['up'])];

/** Sources are named `run-1`, their reruns `again-1`; the names of nested runs begin with that of their outer run. */
const isOfSource = ({ metadata }: KubeObject) => metadata.ownerReferences?.[0]?.name.startsWith('run-') === true;

const sourceEnds = [
  ...['build Succeeded Completed 1', 'test Failed ChildFailed 1'],
  ...['deploy Skipped DependencyFailed 0', 'nested Failed ChildFailed 1'],
];
const rerunEnds = [
  'build Succeeded Inherited 0',
  ...['test', 'deploy', 'nested'].map((name) => `${name} Succeeded Completed 1`),
];

export const reruns: readonly Scenario[] = [
  {
    id: 'F37',
    title: 'runs that continue failed ones, while engines die between snapshot and claim, and at random',
    isQuick: true,
    async play(ground) {
      const arena = await ground.open({
        steps,
        outcomeOf: (step, _, child) => (isOfSource(child) && /^(test|check)$/.test(step) ? 'Failed' : 'Succeeded'),
        expect: (status, _, name) => {
          const wanted = name.startsWith('run-') ? sourceEnds : rerunEnds;
          return endOf(status).filter((end, index) => end !== wanted[index]);
        },
      });
      const { client, namespace } = arena;
      const metadata = { name: 'inner', namespace };
      await client.create(ORCHESTRATIONS, {
        apiVersion: API_VERSION,
        kind: 'Orchestration',
        metadata,
        spec: { steps: inner },
      });
      const replica = await arena.startReplica();
      const sources = await arena.createRuns(6);
      await arena.finish(PATIENCE_MS);

      strikeAtClaims(arena, ground, replica.killEngine);
      for (const source of sources)
        await arena.recreateRun(source.replace('run', 'again'), { [Annotation.ResumeFrom]: source });
      await killEngines(ground, replica, { times: 6, withinMs: 600 });
      // A nested run whose source is gone before its claim runs as a whole.
      await arena.until(() => countClaimed(arena) === 2 * sources.length, PATIENCE_MS);
      for (const name of sources) await client.delete(RUNS, { namespace, name });
      await killEngines(ground, replica, { times: 2, withinMs: 400 });
      await arena.finish(PATIENCE_MS);
      judge(arena, ground);
    },
  },
];

/** The engine dies once for each run that continues another one, when the API server has stored its snapshot. */
function strikeAtClaims(arena: Arena, { count, note }: Ground, kill: () => unknown): void {
  const struck = new Set<string>();
  arena.proxy.follow((call) => {
    const run = arena.runOf(call) ?? '';
    if (!/^again-\d+$/.test(run) || call.verb !== 'create' || call.resource !== REVISIONS.plural || struck.has(run))
      return undefined;
    struck.add(run);
    count('crashes');
    note(`${run}: killed when its snapshot was stored`);
    return { committed: kill, isReplyLost: true };
  });
}

/** How many runs that continue others have started, nested ones too. */
function countClaimed({ journal }: Arena): number {
  const claimed = journal
    .current(RUNS.kind)
    .filter((run) => run['status'] && Object(run['status']).runId !== undefined);
  return claimed.filter(({ metadata }) => metadata.annotations?.[Annotation.ResumeFrom] !== undefined).length;
}

/** No inherited step has a child: neither of a run that continues another one, nor of a nested run of it. */
function judge({ journal }: Arena, { complain, note }: Ground): void {
  const made = journal.entries.flatMap(({ type, object }) =>
    type === 'ADDED' && object.kind === TOOL_RUNS.kind && !isOfSource(object) ? [stepOf(object.metadata)] : [],
  );
  const inherited = made.filter((step) => step === 'build' || step === 'up');
  if (inherited.length > 0) complain(`${inherited.length} inherited steps were executed: ${inherited}`);
  const twice = ['test', 'deploy', 'check'].filter((step) => made.filter((one) => one === step).length !== 6);
  if (twice.length > 0) complain(`not executed once in each run: ${twice}`);
  note(`inherited steps executed: ${inherited.length}; others executed: ${made.length - inherited.length} of 18`);
}
