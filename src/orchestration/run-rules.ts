import { asRecord } from './decode.ts';
import { isEqual } from './equality.ts';
import type { Finding, RuleMeaning } from './problem.ts';

/** What is asked of a change to an OrchestrationRun. */
export const runRules = [{ code: 'RunSpecImmutable', severity: 'deny' }] as const satisfies readonly RuleMeaning[];

/** A run that has taken its snapshot (`status.runId`) follows that: a change of its spec would be silently ignored. */
export function checkRunUpdate(previous: unknown, current: unknown): Finding[] {
  const { spec, status } = asRecord(previous);
  const { runId } = asRecord(status);
  if (typeof runId !== 'string' || runId === '' || isEqual(spec, asRecord(current)['spec'])) return [];
  const describe = () => 'the run has started and follows its snapshot, so a change has no effect: create another run';
  const [{ code }] = runRules;
  return [{ code, count: 1, problems: [{ code, path: ['spec'], describe }] }];
}
