import type { LintReport } from '../report.ts';

/** An array of problems, `[]` where there is none. */
export function formatJson({ problems }: LintReport): string {
  return `${JSON.stringify(problems, null, 2)}\n`;
}
