import { displayText } from '../../dag/display.ts';
import type { LintReport } from '../files/report.ts';

/** Workflow commands, which GitHub shows at the lines of a change; nothing where there is no problem. */
export function formatGithub({ problems }: LintReport): string {
  return problems
    .map(({ file, line, column, end, code, severity, field, message }) => {
      const command = severity === 'deny' ? 'error' : 'warning';
      // GitHub takes a range only within a line. The default of its end is its start, so the end is inclusive.
      const last = end?.line === line ? `,endColumn=${Math.max(column, end.column - 1)}` : '';
      const start = `file=${escapeProperty(displayText(file))},line=${line},col=${column}`;
      const place = `${start}${last},title=${escapeProperty(code)}`;
      return `::${command} ${place}::${escapeData(field === '' ? message : `${field}: ${message}`)}\n`;
    })
    .join('');
}

/** As GitHub's own toolkit does: what could end the line or forge an escape. */
function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
