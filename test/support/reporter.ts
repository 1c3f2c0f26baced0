import { stripVTControlCharacters } from 'node:util';
import type { SerializedError } from 'vitest';
import { DefaultReporter, type TestCase, type TestModule, type TestRunEndReason, type TestSuite } from 'vitest/node';

/** How many characters of each failed test's message are repeated at the end. */
const LONGEST_EXCERPT = 400;

/**
 * vitest's default report, and at its end each failed test or suite again in two lines, for logs of which only the end
 * is kept, and why tests were skipped. The last line says `N passed, N failed`; tests that were not run are counted apart.
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
    // A file that does not load, and a hook that fails, are the failures of a module or of a suite.
    const suites = modules.flatMap((module) => [module, ...module.children.allSuites()]);
    const broken = suites.filter((suite) => suite.errors().length > 0);
    const failed = count('failed') + broken.length + errors.length;
    const skipped = count('skipped') + count('pending');
    for (const test of tests)
      if (test.result().state === 'failed')
        console.log(`failed: ${test.module.relativeModuleId} > ${test.fullName}\n${excerpt(test.result().errors)}`);
    for (const suite of broken) console.log(`failed: ${nameOf(suite)}\n${excerpt(suite.errors())}`);
    if (errors.length > 0) console.log(`failed: outside of any test\n${excerpt(errors)}`);
    for (const [why, times] of countReasons(tests)) console.log(`skipped ${times}: ${why}`);
    console.log(`${count('passed')} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  }
}

/** Why tests were skipped, and how many for each reason. A test or its suite names the reason, and the command that helps. */
function countReasons(tests: readonly TestCase[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const test of tests) {
    const result = test.result();
    if (result.state !== 'skipped' && result.state !== 'pending') continue;
    const [, title] = /\((not run: (?:[^()]|\([^()]*\))+)\)/.exec(test.fullName) ?? [];
    const why = title ?? (result.state === 'skipped' ? result.note : undefined) ?? test.fullName;
    counts.set(why, (counts.get(why) ?? 0) + 1);
  }
  return counts;
}

function nameOf(suite: TestModule | TestSuite): string {
  return suite.type === 'module' ? suite.relativeModuleId : `${suite.module.relativeModuleId} > ${suite.fullName}`;
}

/** The beginning of what the first error says, and of the value that it found, in one line. */
function excerpt([error]: readonly { readonly message: string; readonly actual?: unknown }[] = []): string {
  const found = typeof error?.actual === 'string' ? error.actual : '';
  const line = stripVTControlCharacters(`${error?.message} ${found}`).replaceAll(/\s+/g, ' ');
  return `  ${line.slice(0, LONGEST_EXCERPT)}`;
}
