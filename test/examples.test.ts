import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkExamples, lintExamples, writeGoldens } from '../scripts/examples.ts';
import { lintRules } from '../src/cli/files/report.ts';
import { rules } from '../src/orchestration/judge.ts';

const root = join(import.meta.dirname, '..');

/** Codes that no single manifest shows. */
const unseen = [
  'RunSpecImmutable', // is about a change from one version of an object to the next
  'IgnoredByAgentsChart', // is reported only if it is asked for
];

describe('the examples', () => {
  it('are free of warnings, and those of problems have the problems that stand beside them', async () => {
    expect(await checkExamples(root)).toEqual([]);
  });

  it.each([
    ['rejected', 'deny'],
    ['warned', 'warn'],
  ])('in %s are one for each rule, named after its code, and show nothing else', async (folder, severity) => {
    const wanted = [...rules, ...lintRules].filter((rule) => rule.severity === severity && !unseen.includes(rule.code));
    const examples = await lintExamples(root, `examples/${folder}/*.yaml`);
    expect(examples.map(({ file }) => basename(file, '.yaml')).sort()).toEqual(
      wanted.map(({ code }) => kebab(code)).sort(),
    );
    for (const { file, report } of examples) {
      const shown = new Set(report.problems.map((problem) => `${problem.severity} ${kebab(problem.code)}`));
      expect([...shown]).toEqual([`${severity} ${basename(file, '.yaml')}`]);
    }
  });
});

describe('checkExamples', () => {
  let copy: string;
  const selfDependency = `
apiVersion: orchestration.proompteng.ai/v1alpha1
kind: Orchestration
metadata: { name: loop }
spec: { steps: [{ name: a, kind: Checkpoint, dependsOn: [a] }] }
`;

  beforeEach(async () => {
    copy = await mkdtemp(join(tmpdir(), 'examples-'));
    await mkdir(join(copy, 'examples/rejected'), { recursive: true });
  });
  afterEach(() => rm(copy, { recursive: true }));

  it('names a good example that is not, and where', async () => {
    await writeFile(join(copy, 'examples/good.yaml'), selfDependency);
    expect(await checkExamples(copy)).toEqual([
      expect.stringMatching(/^examples\/good\.yaml:5:58: SelfDependency spec\.steps\[0]\.dependsOn\[0] /),
    ]);
  });

  it('names a rejected example that is rejected otherwise than was written down', async () => {
    await writeFile(join(copy, 'examples/rejected/a.yaml'), selfDependency);
    await writeGoldens(copy);
    expect(await checkExamples(copy)).toEqual([]);
    await writeFile(join(copy, 'examples/rejected/a.yaml'), selfDependency.replace('[a]', '[b]'));
    expect(await checkExamples(copy)).toEqual([
      expect.stringMatching(/^examples\/rejected\/a\.golden:\d+ is not as generated: run make golden\n/),
    ]);
  });
});

function kebab(code: string): string {
  return code.replace(/(?!^)[A-Z]/g, '-$&').toLowerCase();
}
