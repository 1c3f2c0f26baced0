import { mkdir, mkdtempDisposable, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { Readable } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import { readSources } from '../../../src/cli/files/sources.ts';

test('reads what is given, in order and once, with standard input among it', async () => {
  const folder = await makeFolder({ 'a.yaml': 'a', 'b.txt': 'b' });
  const [a, b] = [join(folder, 'a.yaml'), join(folder, 'b.txt')];
  expect(await readSources([b, '-', a, '-', `${folder}/./a.yaml`], stdin('from stdin'))).toEqual({
    sources: [
      { file: b, text: 'b' },
      { file: 'stdin', text: 'from stdin' },
      { file: a, text: 'a' },
    ],
    mistakes: [],
  });
});

test('searches folders for manifests, by name, and leaves out what is hidden or installed', async () => {
  const files = ['z.yaml', 'B.YML', 'a/c.json', 'a/b.yaml', '.hidden.yaml', 'notes.txt', 'Makefile'];
  const left = ['.git/x.yaml', 'node_modules/x.yaml', 'a/node_modules/x.yaml'];
  const folder = await makeFolder(Object.fromEntries([...files, ...left].map((file) => [file, ''])));
  const { sources, mistakes } = await readSources([folder], stdin(''));
  expect(sources.map(({ file }) => relative(folder, file))).toEqual([
    '.hidden.yaml',
    'B.YML',
    'a/b.yaml',
    'a/c.json',
    'z.yaml',
  ]);
  expect(mistakes).toEqual([]);
});

test('follows links to files, as in a mounted ConfigMap, but not to folders or to nothing', async () => {
  const folder = await makeFolder({ '..data/a.yaml': 'a' });
  await symlink('..data/a.yaml', join(folder, 'a.yaml'));
  await symlink('.', join(folder, 'loop.yaml'));
  await symlink('gone', join(folder, 'lock.yaml'));
  expect(await readSources([folder], stdin(''))).toEqual({
    sources: [{ file: join(folder, 'a.yaml'), text: 'a' }],
    mistakes: [],
  });
});

test('tells all that cannot be read, and reads the rest', async () => {
  const folder = await makeFolder({ 'a.yaml': 'a', 'empty/b.txt': 'b' });
  const [absent, empty] = [join(folder, 'absent\u001b.yaml'), join(folder, 'empty')];
  const { sources, mistakes } = await readSources([absent, join(folder, 'a.yaml'), empty], stdin(''));
  expect(sources).toHaveLength(1);
  expect(mistakes).toEqual([
    `"${folder}/absent\\u001b.yaml" does not exist`,
    `"${empty}" holds no *.yaml, *.yml or *.json file`,
  ]);
});

test.each([
  ['UTF-8', Buffer.from('\uFEFFé')],
  ['UTF-16, little end first', Buffer.from('\uFEFFé', 'utf16le')],
  ['UTF-16, big end first', Buffer.from('\uFEFFé', 'utf16le').swap16()],
])('reads %s with a byte order mark', async (_, bytes) => {
  const folder = await makeFolder({ 'a.yaml': bytes });
  expect((await readSources([join(folder, 'a.yaml')], stdin(''))).sources).toMatchObject([{ text: 'é' }]);
});

function stdin(text: string): Readable {
  return Readable.from(text === '' ? [] : [Buffer.from(text)]);
}

async function makeFolder(files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const folder = await mkdtempDisposable(join(tmpdir(), 'files-'));
  onTestFinished(() => folder.remove());
  for (const [file, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder.path, file)), { recursive: true });
    await writeFile(join(folder.path, file), content);
  }
  return folder.path;
}
