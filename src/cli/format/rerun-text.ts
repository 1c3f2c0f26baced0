import { displayName, displayObject, displayText } from '../../dag/display.ts';
import type { PlannedRerun } from '../cluster/plan-rerun.ts';

/** Writes the plan of a rerun for people. Lines are indented, so that no name can begin a line. */
export function formatRerunText({ namespace, name, steps, asksAgain, cleanups }: PlannedRerun): string {
  const inherited = steps.filter(({ isInherited }) => isInherited).length;
  const width = steps.reduce((widest, { step }) => Math.max(widest, displayName(step).length), 0);
  const lines = steps.map((one) => {
    const label = displayName(one.step).padEnd(width);
    if (one.isInherited) return `↳ ${label}  inherited from ${displayName(one.from)}: ${one.phase}`;
    const inside = one.resumeFrom === undefined ? '' : `; its nested run continues ${displayName(one.resumeFrom)}`;
    return `▶ ${label}  runs: ${displayText(one.why)}${inside}`;
  });
  return `${[
    `A rerun of ${displayObject('OrchestrationRun', namespace, name)} inherits ${inherited} of ${steps.length} steps`,
    ...lines,
    ...(asksAgain.length === 0 ? [] : [`asks again: ${asksAgain.map(displayName).join(', ')}`]),
    ...cleanups.map(({ step, runIf, after }) => {
      const names = after.map(displayName).join(', ');
      return `warning: ${displayName(step)} (runIf ${runIf}) has run after ${names}, and may have undone that; --from runs a step again`;
    }),
  ].join('\n  ')}\n`;
}
