import type { Report } from '../files/report.ts';
import { writeJson } from './escape.ts';

/** Writes an array of problems, `[]` if there is none. */
export function formatJson({ problems }: Report): string {
  return writeJson(problems);
}
