/** A way to break the planner: texts in files, each there exactly once, and what they are replaced by. */
export interface Mutant {
  readonly name: string;
  readonly changes: readonly (readonly [file: string, find: string, replacement: string])[];
}

/** The files that a mutant changes, as it leaves them. Throws if a text is not there exactly once. */
export function mutate({ name, changes }: Mutant, read: (file: string) => string): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  for (const [file, find, replacement] of changes) {
    const text = texts.get(file) ?? read(file);
    const count = text.split(find).length - 1;
    if (count !== 1) throw new Error(`${name}: ${file} has ${count} times "${find}", not once: fix the table`);
    texts.set(
      file,
      text.replace(find, () => replacement),
    );
  }
  return texts;
}
