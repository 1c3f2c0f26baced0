import { nameFrom } from '../objects/names.ts';
import type { ObservedRun } from './observation.ts';

/** Names the child of an attempt. The same run uid, step and attempt give the same name, and nothing else gives it. */
export type NameChild = (run: Pick<ObservedRun, 'name' | 'uid'>, step: string, attempt: number) => string;

/** The name of the child of an attempt. It is readable, and a second create fails with AlreadyExists. */
export const nameChild: NameChild = ({ name, uid }, step, attempt) =>
  nameFrom(`${name}-${step}`, [uid, step, String(attempt)]);

/** The name of a run's snapshot. */
export function nameSnapshot(uid: string): string {
  return `orchestration-run-${uid}`;
}
