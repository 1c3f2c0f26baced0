import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import { rules } from '../../orchestration/judge.ts';
import { type LintProblem, lintRules, type ObjectProblem, type Report } from '../files/report.ts';
import { writeJson } from './escape.ts';

const LEVELS = { deny: 'error', warn: 'warning' } as const;

const allRules = [...rules, ...lintRules];
const indexOf = new Map(allRules.map(({ code }, index) => [code, index]));

/** SARIF 2.1.0 (OASIS, 2020), as GitHub code scanning and editors read it. */
export function formatSarif({ problems }: Report): string {
  const run = {
    tool: {
      driver: {
        name: 'orchestration-gate',
        rules: allRules.map(({ code, severity }) => ({ id: code, defaultConfiguration: { level: LEVELS[severity] } })),
      },
    },
    columnKind: 'utf16CodeUnits',
    results: problems.map(writeResult),
  };
  return writeJson({ $schema: 'https://json.schemastore.org/sarif-2.1.0.json', version: '2.1.0', runs: [run] });
}

function writeResult(problem: ObjectProblem | LintProblem) {
  const { kind, namespace, name, code, severity, field, message, steps } = problem;
  return {
    ruleId: code,
    ruleIndex: indexOf.get(code),
    level: LEVELS[severity],
    message: { text: withoutLinks(field === '' ? message : `${field}: ${message}`) },
    locations: ['file' in problem ? locate(problem) : nameObject(problem)],
    properties: { kind, namespace, name, field, ...(steps && { steps }) },
  };
}

function locate({ file, line, column, end }: LintProblem) {
  return {
    physicalLocation: {
      artifactLocation: { uri: uriOf(file) },
      region: {
        startLine: line,
        startColumn: column,
        ...(end && { endLine: end.line, endColumn: end.column }),
      },
    },
  };
}

/** An object of a cluster is in no file. */
function nameObject({ kind, namespace, name }: ObjectProblem) {
  return { logicalLocations: [{ name, fullyQualifiedName: `${kind}/${namespace}/${name}`, kind: 'resource' }] };
}

/** SARIF makes links of `[text](target)` in a message, and a step may be named like one. */
function withoutLinks(text: string): string {
  return text.replaceAll('](', '] (');
}

/** Returns a URI that is relative to the folder in which the program was started, as code scanning expects. */
function uriOf(file: string): string {
  return isAbsolute(file) ? pathToFileURL(file).href : file.toWellFormed().split('/').map(encodeURIComponent).join('/');
}
