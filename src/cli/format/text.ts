import { displayCount, displayObject, displayText } from '../../dag/display.ts';
import type { LintProblem, ObjectProblem, Report } from '../files/report.ts';

type Paint = (text: string) => string;

/** ANSI: the eight basic colours, which every terminal maps to something its owner can read. */
const paints = {
  deny: (text) => `\x1b[31m${text}\x1b[39m`,
  warn: (text) => `\x1b[33m${text}\x1b[39m`,
  bold: (text) => `\x1b[1m${text}\x1b[22m`,
} as const satisfies Record<string, Paint>;

/** Writes a report for people: object by object, with one problem a line, and a summary as the last line. */
export function formatText(report: Report, isColored: boolean): string {
  const paint = (name: keyof typeof paints, text: string) => (isColored ? paints[name](text) : text);
  const groups = Map.groupBy(report.problems, titleOf);
  const blocks = [...groups].map(([title, problems]) => {
    const lines = problems.map((problem) => {
      const { code, severity, field, message } = problem;
      const place = 'file' in problem ? `${displayText(problem.file)}:${problem.line}:${problem.column}: ` : '';
      const where = field === '' ? '' : ` ${field}`;
      return `${place}${paint(severity, severity)} ${code}${where}: ${message}\n`;
    });
    return `${paint('bold', title)}\n${lines.join('')}\n`;
  });
  return `${blocks.join('')}${summarize(report)}\n`;
}

/** Objects with the same name in two files have two titles, and so are two groups. */
function titleOf(problem: ObjectProblem | LintProblem): string {
  const { kind, namespace, name } = problem;
  const object = displayObject(kind, namespace, name);
  if (!('file' in problem)) return object;
  return kind === '' ? displayText(problem.file) : `${object} in ${displayText(problem.file)}`;
}

function summarize({ problems, objectCount, faultyCount, ignoredCount }: Report): string {
  const ignored = ignoredCount === 0 ? '' : `; ${displayCount(ignoredCount, 'other document')} ignored`;
  if (objectCount === 0) return `no Orchestration or OrchestrationRun found${ignored}`;
  if (problems.length === 0) return `no problems in ${displayCount(objectCount, 'object')}${ignored}`;
  const of = (severity: ObjectProblem['severity']) =>
    problems.filter((problem) => problem.severity === severity).length;
  const [errors, warnings] = [of('deny'), of('warn')];
  const found = [
    ...(errors > 0 ? [displayCount(errors, 'error')] : []),
    ...(warnings > 0 ? [displayCount(warnings, 'warning')] : []),
  ];
  const where = faultyCount === objectCount ? '' : `${faultyCount} of `;
  return `${found.join(' and ')} in ${where}${displayCount(objectCount, 'object')}${ignored}`;
}
