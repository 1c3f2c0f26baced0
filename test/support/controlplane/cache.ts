import { randomUUID } from 'node:crypto';
import { access, constants, mkdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Returns `file` once it is an executable file: there already, or written by `make` to the name it is given.
 * Safe when two processes do so at once: each renames a whole file into place, and both are the same.
 */
export async function makeOnce(file: string, make: (temporary: string) => Promise<void>): Promise<string> {
  if (await isExecutable(file)) return file;
  await mkdir(dirname(file), { recursive: true });
  const temporary = `${file}.${randomUUID()}`;
  try {
    await make(temporary);
    await rename(temporary, file);
  } finally {
    await rm(temporary, { force: true });
  }
  return file;
}

/** Whether `file` is there and may be executed. */
export async function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}
