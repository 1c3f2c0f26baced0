import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { lintExamples } from '../scripts/examples.ts';
import { checkMetricsPage } from '../scripts/metrics-page.ts';
import { checkScalingPage } from '../scripts/scaling-page.ts';
import { toAnchor } from '../site/anchors.ts';
import { FOREIGN_WARNING } from '../src/cli/cluster/judge.ts';
import { lint } from '../src/cli/commands/lint.ts';
import { type LintProblem, lintRules } from '../src/cli/files/report.ts';
import { rules } from '../src/orchestration/judge.ts';
import { checkRunUpdate } from '../src/orchestration/rules.ts';
import { portsOf } from './cli/run-command.ts';

const page = readFileSync('docs/reference/problems.md', 'utf8');

test('docs/reference/problems.md lists every rule with its severity, and no other', () => {
  const rows = [...page.matchAll(/^\| \[(\w+)\]\(#(\w+)\) \| (\w+) \| (\w+) \|/gm)].map(
    ([, code, , severity, mayChange]) => ({
      code,
      severity,
      isFixed: mayChange === 'no',
    }),
  );
  expect(rows).toEqual(rules.map(({ code, severity, isFixed = false }) => ({ code, severity, isFixed })));
});

describe('docs/reference/problems.md, below its table,', () => {
  const sections = new Map(
    page.split(/^### /m).map((text) => [text.slice(0, text.indexOf('\n')), text.split(/^## /m)[0] ?? ''] as const),
  );
  sections.delete('# Problems');

  test('explains every code that anything prints, and no other', () => {
    const codes = [...rules, ...lintRules].map(({ code }) => code);
    expect(new Set(sections.keys())).toEqual(new Set([...codes, FOREIGN_WARNING]));
    for (const section of sections.values()) expect(section).toMatch(/^- \*\*Fix:\*\* .+\n(.+\n)*- \*\*Relax:\*\* .+/m);
  });

  test.each([...rules, ...lintRules])('tells how to relax $code, or that it cannot be', ({ code, isFixed = false }) => {
    const [, relax = ''] = /\*\*Relax:\*\* (.+)/.exec(sections.get(code) ?? '') ?? [];
    if (isFixed) expect(relax).toMatch(/^cannot be relaxed/);
    else expect(relax).toContain(`\`severity.${code}\``);
  });

  test('shows what lint says of each example of a problem', async () => {
    const examples = await lintExamples('.', 'examples/{rejected,warned}/*.yaml');
    expect(examples.length).toBeGreaterThan(20);
    for (const { file, report } of examples) {
      const [{ code }] = report.problems as [LintProblem];
      const lines = report.problems.map(({ field, message }) => `${field === '' ? '' : `${field}: `}${message}\n`);
      expect(sections.get(code)).toContain(`](../../${file}):\n\n\`\`\`\n${lines.join('')}\`\`\``);
    }
  });

  test('shows what is said of a run that was edited too late', () => {
    const [{ problems } = {}] = checkRunUpdate(
      { spec: {}, status: { runId: 'x' } },
      { spec: { parameters: { a: 'b' } } },
    );
    expect(sections.get('RunSpecImmutable')).toContain(`\nspec: ${problems?.[0]?.describe()}\n`);
  });
});

test('docs/reference/metrics.md has every metric as the code defines it', async () => {
  expect(await checkMetricsPage('.')).toEqual([]);
});

describe('a how-to page', () => {
  const pages = globSync('docs/how-to/*.md');

  test.each(pages)('has a goal, what is needed before, how to check, and where to read on: %s', (page) => {
    const text = readFileSync(page, 'utf8');
    expect(text).toMatch(/^# How to .+\n\n[A-Z]/);
    const headings = [...text.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading);
    expect(headings[0]).toBe('Before you begin');
    expect(headings).toEqual(expect.arrayContaining(['Check', 'Related']));
  });
});

test('docs/reference/cli.md shows what a command says of mistakes in its arguments', async () => {
  const [, line = '', said] =
    /^\$ orchestration-gate lint (.*)\n([^`]+)```/m.exec(readFileSync('docs/reference/cli.md', 'utf8')) ?? [];
  const words = line.split(' ').map((word) => (word === "''" ? '' : word));
  expect(await lint.execute(words, portsOf())).toMatchObject({ exitCode: 2, stderr: said });
});

describe('a link', () => {
  const pages = globSync(['*.md', 'docs/**/*.md', 'examples/*.md', 'charts/*/README.md']);
  const read = (file: string) => readFileSync(file, 'utf8').replace(/^```.*?^```$/gms, '');

  test.each(pages)('of %s leads to a file that is there, and a heading that it has', (file) => {
    const links = [...read(file).matchAll(/\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]+))?/g)];
    const lost = links.filter(([, path = '', heading]) => {
      const target = path === '' ? file : join(dirname(file), path);
      if (!existsSync(target)) return true;
      return heading !== undefined && !headingsOf(read(target)).includes(heading);
    });
    expect(lost.map(([link]) => link)).toEqual([]);
  });

  function headingsOf(text: string): string[] {
    const headings = [...text.matchAll(/^#+ (.*)$/gm)];
    return headings.map(([, heading = '']) => toAnchor(heading));
  }
});

test('docs/README.md lists every page once, and no other', () => {
  const listed = [...readFileSync('docs/README.md', 'utf8').matchAll(/^- \[.+\]\((.+\.md)\)$/gm)].map(
    ([, page = '']) => page,
  );
  const pages = globSync('**/*.md', { cwd: 'docs' }).filter((page) => page !== 'README.md');
  expect(listed.sort()).toEqual(pages.sort());
});

test('docs/explanation/scaling.md has the points that make bench measured', async () => {
  expect(await checkScalingPage('.')).toEqual([]);
});

test('ARCHITECTURE.md has every folder of the sources on its map, and nothing that is not there', () => {
  const [, map = ''] = /^## Where to look$(.*?)^## /ms.exec(readFileSync('ARCHITECTURE.md', 'utf8')) ?? [];
  const rows = [...map.matchAll(/^\| `([a-z/]+)` \|.*\| ([^|]+) \|$/gm)];
  const folders = rows.map(([, folder = '']) => folder);
  expect(folders).toEqual(expect.arrayContaining(globSync('src/*/').map((folder) => folder.replace(/\/$/, ''))));
  const files = rows.flatMap(([, folder, start = '']) =>
    [...start.matchAll(/`([^`]+)`/g)].map(([, file]) => `${folder}/${file}`),
  );
  expect([...folders, ...files].filter((path) => !existsSync(path))).toEqual([]);
});

/** The titles of the tests in a file. */
const readTitles = (file: string) =>
  [...readFileSync(file, 'utf8').matchAll(/\(\s*(['"])((?:(?!\1).)+)\1,/g)].map(([, , title]) => title);

describe('a page that names a test by its title', () => {
  const links = globSync('docs/**/*.md').flatMap((page) =>
    [...readFileSync(page, 'utf8').matchAll(/\]\((?:\.\.\/)+(test\/\S+) "([^"]+)"\)/g)].map(
      ([, file = '', name = '']) => ({ page, file, name: name.replace(/\s+/g, ' ') }),
    ),
  );

  test.each(links)('names one that there is: $page, $file "$name"', ({ file, name }) => {
    expect(readTitles(file)).toContain(name);
  });
});

describe('docs/reference/semantics.md', () => {
  const PAGE = 'docs/reference/semantics-tests.md';
  const semantics = readFileSync('docs/reference/semantics.md', 'utf8');
  const rules = readChapters(semantics);
  const tested = readChapters(readFileSync(PAGE, 'utf8'));

  test('has its numbered chapters in order', () => {
    const numbers = [...semantics.matchAll(/^## (\d+)\. /gm)].map(([, number]) => Number(number));
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
  });

  test(`has the chapters of ${PAGE}`, () => {
    expect(rules.length).toBeGreaterThan(20);
    expect(tested.map(({ title }) => title)).toEqual(rules.map(({ title }) => title));
  });

  test.each(rules)('has each rule of "$title" in the list of tests, at its place', ({ title, entries }) => {
    const there = tested.find((chapter) => chapter.title === title)?.entries ?? [];
    const beginnings = there.map(({ text }) => text.replace(/ …$/, ''));
    // If an entry does not begin like its rule, the failure shows the entry next to the whole rule.
    expect(beginnings).toEqual(
      entries.map(({ text }, index) => (text.startsWith(beginnings[index] || '?') ? beginnings[index] : text)),
    );
    expect(new Set(beginnings).size).toBe(beginnings.length);
  });

  test.each(tested)('has a test behind each rule of "$title"', ({ entries }) => {
    expect(entries.filter(({ tests }) => tests.length === 0)).toEqual([]);
    for (const { file, isReal } of entries.flatMap(({ tests }) => tests))
      expect({ file, isReal }).toEqual({ file, isReal: file.startsWith('test/cluster/') });
  });

  const tests = tested.flatMap(({ entries }) => entries.flatMap(({ tests: list }) => list));
  test.each(tests)('has a test that there is: $file "$name"', ({ file, name }) => {
    expect(readTitles(file)).toContain(name);
  });

  /** The entries of each list, as text without links, and the tests below each. */
  function readChapters(text: string) {
    const chapters = text.split(/^## /m).slice(1);
    return chapters.map((chapter) => {
      const [title = ''] = chapter.split('\n');
      return { title, entries: chapter.split(/^- /m).slice(1).map(readEntry) };
    });
  }

  function readEntry(entry: string) {
    const [item = ''] = entry.split('\n\n');
    const [rule = '', ...lines] = item.split(/\n {2}- /);
    const links = lines.map((line) => /^(\*real\* )?\[(.+)\]\(\.\.\/\.\.\/(.+)\)$/.exec(line.trim()));
    return {
      text: rule
        .replace(/\[([^\]]+)\]\([^)]+\)/g, '$1')
        .replace(/\s+/g, ' ')
        .trim(),
      tests: links.map((link) => ({ isReal: link?.[1] !== undefined, name: link?.[2], file: link?.[3] ?? '' })),
    };
  }
});
