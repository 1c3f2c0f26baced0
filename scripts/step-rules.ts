import type { StepKind } from '../src/orchestration/kinds/kind.ts';
import { resourceOf, type StepKinds } from '../src/orchestration/kinds/step-kinds.ts';
import { stepKinds } from '../src/orchestration/kinds/table.ts';
import { findDrift, writeGenerated } from './drift.ts';

/** The template in the gate's chart that holds the rights, because Helm cannot read TypeScript. */
export const STEP_RULES = 'charts/orchestration-gate/templates/_step-rules.tpl';

/** Returns a sentence if the chart does not grant what the step kinds need. */
export function checkStepRules(root: string): Promise<readonly string[]> {
  return findDrift(root, [{ path: STEP_RULES, content: renderStepRules(stepKinds) }], 'make generate');
}

/** Writes the rights that the step kinds need into the gate's chart. */
export function writeStepRules(root: string): Promise<readonly string[]> {
  return writeGenerated(root, [{ path: STEP_RULES, content: renderStepRules(stepKinds) }]);
}

/** Returns a Helm template that defines the RBAC rules for what steps create and wait for. */
export function renderStepRules({ all }: StepKinds): string {
  return `{{- /* Generated from src/orchestration/kinds by make generate: change that, not this. */}}
{{- define "orchestration-gate.stepRules" -}}
${all.map(renderRule).join('')}{{- end }}
`;
}

function renderRule(kind: StepKind): string {
  const verbs = verbsOf(kind);
  if (kind.type === 'Immediate') return '';
  const { group, plural } = resourceOf(kind);
  return `# ${kind.name} ${kind.does}.
- apiGroups: [${group}]
  resources: [${plural}]
  verbs: [${verbs.join(', ')}]
`;
}

/** What the reconciler does with the objects of a step kind. It changes children that it holds or gives a lifetime. */
function verbsOf(kind: StepKind): readonly string[] {
  const follow = ['get', 'list', 'watch'];
  if (kind.type !== 'Child') return follow;
  const isChanged = kind.isHeld === true || kind.ttlSeconds !== undefined;
  return [...follow, 'create', ...(isChanged ? ['patch'] : []), 'delete'];
}
