import { stripVTControlCharacters } from 'node:util';
import type { SerializedError } from 'vitest';
import { DefaultReporter, type TestModule, type TestRunEndReason } from 'vitest/node';

/** Of what each failed test says, so much is repeated at the end. */
const LONGEST_EXCERPT = 400;

/**
 * vitest's default report, and at its end each failed test again in two lines, for logs of which only the end is kept. The
 * last line says `N passed, N failed`; tests that were not run are counted apart.
 */
// biome-ignore lint/style/noDefaultExport: vitest loads a reporter by its default export
export default class CountingReporter extends DefaultReporter {
  override onTestRunEnd(
    modules: readonly TestModule[],
    errors: readonly SerializedError[],
    reason: TestRunEndReason,
  ): void {
    super.onTestRunEnd(modules, errors, reason);
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const count = (state: string) => tests.filter((test) => test.result().state === state).length;
    const unloaded = modules.filter((module) => module.state() === 'failed' && module.errors().length > 0).length;
    const failed = count('failed') + unloaded + errors.length;
    const skipped = count('skipped') + count('pending');
    for (const test of tests)
      if (test.result().state === 'failed')
        console.log(`failed: ${test.module.relativeModuleId} > ${test.fullName}\n${excerpt(test.result().errors)}`);
    console.log(`${count('passed')} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  }
}

/** The beginning of what the first error says, and of the value that it found, in one line. */
function excerpt([error]: readonly { readonly message: string; readonly actual?: unknown }[] = []): string {
  const found = typeof error?.actual === 'string' ? error.actual : '';
  const line = stripVTControlCharacters(`${error?.message} ${found}`).replaceAll(/\s+/g, ' ');
  return `  ${line.slice(0, LONGEST_EXCERPT)}`;
}
