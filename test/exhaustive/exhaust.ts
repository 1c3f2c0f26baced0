import { parseArgs } from 'node:util';
import { checks, describe, run } from './checks.ts';

// node test/exhaustive/exhaust.ts [--steps 4] [--quick]: explores every check of at most so many steps.

const { values } = parseArgs({
  options: { steps: { type: 'string', default: '4' }, quick: { type: 'boolean', default: false } },
});
const due = checks.filter(({ steps, isQuick }) => steps <= Number(values.steps) && (isQuick === true || !values.quick));

// Calls of the model fail by the million, and nobody reads their stacks.
Error.stackTraceLimit = 0;

let states = 0;
for (const check of due) {
  const startedAt = performance.now();
  const outcome = run(check);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  states += outcome.states;
  const { graphs, moves, ends } = outcome;
  console.log(
    `${describe(check)}: ${graphs} graphs, ${outcome.states} states, ${moves} moves, ${ends} ends, ${seconds} s`,
  );
  if (outcome.violation !== undefined) {
    console.error(outcome.violation);
    process.exit(1);
  }
}
console.log(`${states} states, no violation`);
