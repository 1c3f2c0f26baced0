import type { Report } from '../files/report.ts';
import { writeJson } from './escape.ts';

/** An array of problems, `[]` where there is none. */
export function formatJson({ problems }: Report): string {
  return writeJson(problems);
}
