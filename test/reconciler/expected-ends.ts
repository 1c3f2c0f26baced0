import type { Orchestration } from '../../src/orchestration/decode.ts';
import { naiveEdges } from '../support/oracle.ts';

export type Plan = Pick<Orchestration, 'steps' | 'policies'>;

type Step = Plan['steps'][number];

/**
 * How each step must end if its attempts end as given, derived step by step: `Succeeded 2` means at the second attempt.
 */
export function expectedEnds(
  { steps, policies: { retries } }: Plan,
  outcomeOf: (step: string, attempt: number) => string,
): string[] {
  const edges = naiveEdges(steps);
  const { limit = 0 } = (retries ?? {}) as { limit?: number };
  const isFailedBefore = (index: number) => (edges[index] ?? []).some(leavesFailure);
  const leavesFailure = (index: number): boolean => {
    const { runIf = 'Succeeded' } = steps[index] as Step;
    return !/^Succeeded|ignored$|neutral$/.test(endOf(index)) || (runIf !== 'Succeeded' && isFailedBefore(index));
  };
  /** The end of a step that never begins. Undefined for any other. */
  const idleEndOf = (index: number): string | undefined => {
    const { runIf = 'Succeeded', when, continueOnFailure } = steps[index] as Step;
    if (runIf === 'Succeeded' && isFailedBefore(index)) return 'Skipped 0';
    if (runIf === 'Failed' && !isFailedBefore(index)) return 'Skipped 0 neutral';
    if (when === 'false') return 'Skipped 0 neutral';
    return when === '1 / 0 == 0' ? `Failed 0${continueOnFailure ? ' ignored' : ''}` : undefined;
  };
  const known = new Map<number, string>();
  const endOf = (index: number): string => {
    const end = known.get(index) ?? idleEndOf(index) ?? lastOf(index);
    known.set(index, end);
    return end;
  };
  const lastOf = (index: number): string => {
    const step = steps[index] as Step;
    const most = 1 + (step.retries ?? limit);
    const attempts = Array.from({ length: most }, (_, i) => outcomeOf(step.name, i + 1));
    const last = attempts.findIndex((outcome) => outcome !== 'Failed');
    if (attempts[last] === 'Succeeded') return `Succeeded ${last + 1}`;
    return `Failed ${last < 0 ? most : last + 1}${step.continueOnFailure ? ' ignored' : ''}`;
  };
  return steps.map((_, index) => endOf(index));
}
