import { globSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import Ajv from 'ajv-draft-04';
import addFormats from 'ajv-formats';
import { describe, expect, test } from 'vitest';
import { lint } from '../../../src/cli/commands/lint.ts';
import { readManifest } from '../../../src/cli/files/manifest.ts';
import { judgeManifests } from '../../../src/cli/files/report.ts';
import { formatSarif } from '../../../src/cli/format/sarif.ts';
import { runOn } from '../run-command.ts';

const require = createRequire(import.meta.url);
/**
 * The schema that code scanning uses (SARIF 2.1.0, rtm.5). It is read by its path, because the package also has
 * matchers for Jest, which need Jest.
 */
const schema = require('@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json');
// The schema has enums without a type, and a pattern that is valid only without the flag for Unicode.
const ajv = new Ajv.default({ strict: false, unicodeRegExp: false, allErrors: true });
addFormats.default(ajv);
const validate = ajv.compile(schema);

/** The errors that the schema finds in a log. */
function faults(log: string): unknown {
  validate(JSON.parse(log));
  return validate.errors ?? [];
}

describe('SARIF, by its schema,', () => {
  test('is valid for every problem that the examples show, and where there is none', () => {
    const files = globSync('examples/**/*.yaml');
    const report = judgeManifests(files.map((file) => readManifest({ file, text: readFileSync(file, 'utf8') })));
    expect(new Set(report.problems.map(({ code }) => code)).size).toBeGreaterThan(20);
    expect(faults(formatSarif(report))).toEqual([]);
    expect(faults(formatSarif({ ...report, problems: [] }))).toEqual([]);
  });

  test.each(['-', '/abs/a b.json', 'ü%/#?:[x]\u202e\ud800.json', '..\\a:b.json'])(
    'is valid for a file named %j',
    async (file) => {
      const text = JSON.stringify({
        apiVersion: 'orchestration.proompteng.ai/v1alpha1',
        kind: 'Orchestration',
        spec: {},
      });
      const { exitCode, stdout } = await runOn(lint, { [file]: text }, ['--format=sarif', file]);
      expect(exitCode).toBe(1);
      expect(faults(stdout)).toEqual([]);
    },
  );

  test('is valid for an object of a cluster, which is in no file', () => {
    const object = { kind: 'Orchestration', namespace: 'ci', name: 'nightly', field: 'spec.steps' };
    const problem = { ...object, code: 'EmptySteps', severity: 'deny', message: 'is empty' } as const;
    const log = formatSarif({ problems: [problem], objectCount: 1, faultyCount: 1, ignoredCount: 0 });
    expect(faults(log)).toEqual([]);
    expect(JSON.parse(log).runs[0].results[0].locations).toEqual([
      { logicalLocations: [{ name: 'nightly', fullyQualifiedName: 'Orchestration/ci/nightly', kind: 'resource' }] },
    ]);
  });

  test('is valid for a code that no rule of ours has', () => {
    const place = { file: 'a.yaml', line: 1, column: 1, kind: 'OrchestrationRun', namespace: '', name: 'x', field: '' };
    const problem = { ...place, code: 'ServerWarning', severity: 'warn', message: 'deprecated' } as const;
    const log = formatSarif({ problems: [problem], objectCount: 1, faultyCount: 1, ignoredCount: 0 });
    expect(faults(log)).toEqual([]);
    const [{ results }] = JSON.parse(log).runs;
    expect(results).toMatchObject([{ ruleId: 'ServerWarning', level: 'warning' }]);
    results[0].level = 'warn';
    expect(faults(JSON.stringify({ version: '2.1.0', runs: [{ tool: { driver: {} }, results }] }))).toMatchObject([
      { instancePath: '/runs/0/tool/driver', keyword: 'required' },
      { instancePath: '/runs/0/results/0/level', keyword: 'enum' },
    ]);
  });
});
