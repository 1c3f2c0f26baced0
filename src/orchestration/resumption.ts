import { quoteName } from '../dag/display.ts';
import { Annotation } from './vocabulary/metadata.ts';

/** How a run continues a finished run, as its annotations say. */
export interface Resumption {
  /** The name of that run, in the same namespace. */
  readonly run: string;
  /** Steps that run again in any case, with their descendants. */
  readonly steps: readonly string[];
  /** The run follows the current Orchestration, not the one that the other run followed. */
  readonly isLatest: boolean;
  /** What is wrong with the annotations, as one sentence for each mistake. Empty if nothing is wrong. */
  readonly mistakes: readonly string[];
}

type Annotations = Readonly<Record<string, string>>;

/** A name that a request to the API server can contain. */
const RUN_NAME = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/;

/** Reads the annotations of a run. Undefined if the run does not continue another one. */
export function readResumption(annotations: Annotations): Resumption | undefined {
  const run = annotations[Annotation.ResumeFrom];
  if (run === undefined) return undefined;
  const named = annotations[Annotation.ResumeSteps];
  const steps = named === undefined ? [] : readNames(named);
  const mistakes = [
    ...(RUN_NAME.test(run) ? [] : [`annotation ${Annotation.ResumeFrom} is ${quoteName(run)}, which names no run`]),
    ...(steps === undefined
      ? [`annotation ${Annotation.ResumeSteps} is ${quoteName(named ?? '')}, not a JSON list of names of steps`]
      : []),
  ];
  return { run, steps: steps ?? [], isLatest: annotations[Annotation.ResumeLatest] === 'true', mistakes };
}

/** The annotations of a run that continues another one. */
export function writeResumption({ run, steps, isLatest }: Omit<Resumption, 'mistakes'>): Annotations {
  return {
    [Annotation.ResumeFrom]: run,
    ...(steps.length > 0 && { [Annotation.ResumeSteps]: JSON.stringify(steps) }),
    ...(isLatest && { [Annotation.ResumeLatest]: 'true' }),
  };
}

function readNames(text: string): readonly string[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) && value.every((name) => typeof name === 'string') ? value : undefined;
  } catch {
    return undefined;
  }
}
