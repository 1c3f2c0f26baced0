import { globSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readManifest } from '../src/cli/files/manifest.ts';
import { judgeManifests, type LintReport } from '../src/cli/files/report.ts';
import { formatJson } from '../src/cli/format/json.ts';
import { findDrift, type GeneratedFile } from './drift.ts';

/** The result of lint for one example. The path of the file begins at the root of the repository. */
interface LintedExample {
  readonly file: string;
  readonly report: LintReport;
}

/** Lints each YAML file that matches, one by one, in the order of their names. */
export async function lintExamples(root: string, pattern: string): Promise<readonly LintedExample[]> {
  const files = globSync(pattern, { cwd: root }).sort();
  return Promise.all(
    files.map(async (file) => {
      const text = await readFile(join(root, file), 'utf8');
      return { file, report: judgeManifests([readManifest({ file, text })]) };
    }),
  );
}

/** Returns sentences about problems and warnings of good examples, and about unexpected problems of the others. */
export async function checkExamples(root: string): Promise<readonly string[]> {
  const good = await lintExamples(root, 'examples/*.yaml');
  const problems = good.flatMap(({ report }) => report.problems);
  return [
    ...problems.map(
      ({ file, line, column, code, field, message }) => `${file}:${line}:${column}: ${code} ${field} ${message}`,
    ),
    ...(await findDrift(root, await expectedProblems(root), 'make golden')),
  ];
}

/** Writes the result of lint for each example of a problem into the file next to it. */
export async function writeGoldens(root: string): Promise<void> {
  for (const { path, content } of await expectedProblems(root)) await writeFile(join(root, path), content);
}

async function expectedProblems(root: string): Promise<GeneratedFile[]> {
  const examples = await lintExamples(root, 'examples/{rejected,warned}/*.yaml');
  return examples.map(({ file, report }) => ({
    path: file.replace(/\.yaml$/, '.golden'),
    content: formatJson(report),
  }));
}
