import { expect, test } from 'vitest';
import { createWholes } from '../../src/ui/wholes.ts';
import { object } from '../support/ui-namespace.ts';

const at = (version: number, name = 'r') => object('Orchestration', name, {}, { resourceVersion: String(version) });

test('an object is read once, and again only if a newer one is wanted', async () => {
  const wholes = createWholes();
  let reads = 0;
  let stored = 5;
  const read = async (version: number) => {
    const found = await wholes.read('Orchestration/ci/r', String(version), () => {
      reads++;
      return Promise.resolve(at(stored));
    });
    return [found?.metadata.resourceVersion, reads];
  };
  expect(await read(5)).toEqual(['5', 1]);
  expect(await read(5)).toEqual(['5', 1]);
  stored = 7;
  expect(await read(6)).toEqual(['7', 2]);
  wholes.update(at(9));
  expect(await read(9)).toEqual(['9', 2]);
  wholes.update(at(8));
  expect(await read(9)).toEqual(['9', 2]);
});

test('only the objects that were shown last are kept, and none that nobody asked for', async () => {
  const wholes = createWholes();
  let reads = 0;
  const read = (name: string) =>
    wholes.read(`Orchestration/ci/${name}`, '1', () => {
      reads++;
      return Promise.resolve(at(1, name));
    });
  wholes.update(at(1, 'unasked'));
  await read('unasked');
  for (let index = 0; index < 16; index++) await read(`r${index}`);
  expect(reads).toBe(17);
  await read('r15');
  expect(reads).toBe(17);
  await read('unasked');
  expect(reads).toBe(18);
});
