import { nameFrom } from '../objects/names.ts';
import type { ObservedRun } from './observation.ts';

/** Names the child of an attempt: the same for the same run uid, step and attempt, and for nothing else. */
export type NameChild = (run: Pick<ObservedRun, 'name' | 'uid'>, step: string, attempt: number) => string;

/** The name of the child of an attempt: readable, and creating it twice fails with AlreadyExists. */
export const nameChild: NameChild = ({ name, uid }, step, attempt) =>
  nameFrom(`${name}-${step}`, [uid, step, String(attempt)]);

/** The name of a run's snapshot. */
export function nameSnapshot(uid: string): string {
  return `orchestration-run-${uid}`;
}
