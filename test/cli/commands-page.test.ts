import { expect, test } from 'vitest';
import { checkCommandsPage } from '../../scripts/commands-page.ts';

test('the reference of commands has what the program prints', { timeout: 120_000 }, async () => {
  expect(await checkCommandsPage('.')).toEqual([]);
});
