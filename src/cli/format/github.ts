import type { LintReport } from '../files/report.ts';
import { displayText } from './escape.ts';

/** Workflow commands, which GitHub shows at the lines of a change; nothing where there is no problem. */
export function formatGithub({ problems }: LintReport): string {
  return problems
    .map(({ file, line, column, code, severity, field, message }) => {
      const command = severity === 'deny' ? 'error' : 'warning';
      const place = `file=${escapeProperty(displayText(file))},line=${line},col=${column},title=${escapeProperty(code)}`;
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
