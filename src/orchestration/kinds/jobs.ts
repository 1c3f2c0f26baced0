import { asRecord } from '../decode.ts';

/** Returns the names of the Jobs among references in a status, each once. A reference without a type names a Job. */
export function jobNames(refs: readonly unknown[]): readonly string[] {
  const names = refs.map(asRecord).flatMap(({ type = 'job', name }) => {
    return type === 'job' && typeof name === 'string' && name !== '' ? [name] : [];
  });
  return [...new Set(names)];
}
