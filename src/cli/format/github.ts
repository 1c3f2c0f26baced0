import { displayObject, displayText } from '../../dag/display.ts';
import type { LintProblem, Report } from '../files/report.ts';

/** Writes workflow commands, which GitHub shows at the lines of a change. Empty if there is no problem. */
export function formatGithub({ problems }: Report): string {
  return problems
    .map((problem) => {
      const { code, severity, field, message } = problem;
      const command = severity === 'deny' ? 'error' : 'warning';
      const place = 'file' in problem ? `${placeOf(problem)},` : '';
      const object = 'file' in problem ? '' : `${displayObject(problem.kind, problem.namespace, problem.name)}: `;
      const text = `${object}${field === '' ? message : `${field}: ${message}`}`;
      return `::${command} ${place}title=${escapeProperty(code)}::${escapeData(text)}\n`;
    })
    .join('');
}

function placeOf({ file, line, column, end }: LintProblem): string {
  // GitHub takes a range only within a line. The default of its end is its start, so the end is inclusive.
  const last = end?.line === line ? `,endColumn=${Math.max(column, end.column - 1)}` : '';
  return `file=${escapeProperty(displayText(file))},line=${line},col=${column}${last}`;
}

/** Escapes what could end the line or forge an escape, as GitHub's own toolkit does. */
function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
