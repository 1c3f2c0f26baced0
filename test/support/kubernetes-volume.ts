import { existsSync, mkdtempSync, readlinkSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/**
 * Does to a folder what the kubelet does to the volume of a Secret or ConfigMap that changes, in its order: a new
 * folder of files, one rename of the link `..data`, links for new names, and the old folder is deleted. Synchronous, so
 * that a reader in the same process sees the whole change at once.
 */
export function updateVolume(volume: string, files: Readonly<Record<string, string>>): void {
  const link = join(volume, '..data');
  const old = existsSync(link) ? readlinkSync(link) : undefined;
  const generation = mkdtempSync(join(volume, '..2026_01_01_00_00_00.'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(generation, name), text);
  symlinkSync(basename(generation), join(volume, '..data_tmp'));
  renameSync(join(volume, '..data_tmp'), link);
  for (const name of Object.keys(files)) {
    if (!existsSync(join(volume, name))) symlinkSync(join('..data', name), join(volume, name));
  }
  if (old !== undefined) rmSync(join(volume, old), { recursive: true });
}
