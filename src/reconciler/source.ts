import { quoteName } from '../dag/display.ts';
import type { Orchestration } from '../orchestration/decode.ts';
import type { Resumption } from '../orchestration/resumption.ts';
import { isRunFinal } from '../orchestration/run-status.ts';
import { Annotation } from '../orchestration/vocabulary/metadata.ts';
import type { Source } from './inherit.ts';
import type { ObservedRun } from './observation.ts';

/** What was read of the run that another run continues. */
export interface FoundSource {
  /** Undefined if there is no such run. */
  readonly run: ObservedRun | undefined;
  /** Its snapshot; undefined if it has none. */
  readonly orchestration: Orchestration | undefined;
}

/** The source, or a sentence on why it cannot be continued. */
export type JudgedSource =
  | { readonly source: Source }
  /** `isGone`: the run or its snapshot no longer exists. */
  | { readonly refusal: string; readonly isGone: boolean };

/** Judges whether a run can be continued by a run of this Orchestration. */
export function judgeSource({ run, orchestration }: FoundSource, resumption: Resumption, wanted: string): JudgedSource {
  const name = `OrchestrationRun ${quoteName(resumption.run)}`;
  const refuse = (refusal: string, isGone = false) => ({ refusal, isGone });
  const latest = `to follow the current Orchestration instead, set annotation ${Annotation.ResumeLatest} to "true" (rerun --latest)`;
  if (resumption.mistakes.length > 0) return refuse(resumption.mistakes.join('; '));
  if (run === undefined) return refuse(`${name} does not exist`, true);
  const { status } = run;
  if (run.isContested)
    return refuse(
      `another controller has written the status of ${name}, so the outcome of its steps is unknown: create a new run instead`,
    );
  if (!isRunFinal(status) && run.isTemplate) return refuse(`${name} is a template, which never runs`);
  if (!isRunFinal(status))
    return refuse(
      `${name} has not finished (${status.phase ?? 'no controller has started it'}): wait for its end, or cancel it`,
    );
  if (run.orchestration !== wanted)
    return refuse(`${name} is a run of Orchestration ${quoteName(run.orchestration)}, not of ${quoteName(wanted)}`);
  if (orchestration !== undefined || resumption.isLatest) return { source: { run, orchestration } };
  return status.runId === undefined
    ? refuse(`${name} ended before it started, so it has no snapshot to follow: ${latest}`)
    : refuse(`the snapshot of ${name} was deleted: ${latest}`, true);
}
