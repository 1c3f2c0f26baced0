import { isRecord } from '../decode.ts';
import type { Path, Report } from '../problem.ts';
import { isReadFromWith, mentionsObject } from '../references.ts';
import type { Step } from '../schema.ts';
import { findMisfits, type Shape } from '../shapes.ts';
import { agentRunFacts, parameterFacts } from './agent-run-facts.ts';
import { type AgentRunField, agentRunFields, readAgentRun } from './agent-run-spec.ts';

/** The maximum number of problems in one field. A list can have any number, and authors do not fix more at a time. */
const MOST_IN_A_FIELD = 5;

const IMPLEMENTATION = 'implementation';

const DENIED = 'the API server would deny the AgentRun of this step';
const FAILED = 'the agents controller would fail the AgentRun of this step';
const UNREADABLE = 'it is not the JSON text of an object, so the AgentRun of this step would lack it: write JSON';
const FLAT = 'implementation.inline is absent: put all of it under inline, the task as inline.text';
const PROMPT_FIX = 'write it into implementation.inline.text, or into the ImplementationSpec';

const FACTS = Object.entries(agentRunFacts);

/**
 * Reports why the API server would deny the AgentRun of a step, or why its controller would fail it. It reports only
 * what does not depend on the parameters of the run.
 */
export function checkAgentRun(step: Step, index: number, report: Report): void {
  judgeFields(step, index, report);
  judgeParameters(step, index, report);
}

function judgeFields(step: Step, index: number, report: Report): void {
  for (const [name, shape] of FACTS) {
    const field = name as AgentRunField;
    const value = readAgentRun(step, field);
    if (value !== undefined) judgeField(field, value, shape, (path) => placeOf(step, index, field, path), report);
    else if (field === IMPLEMENTATION && mentionsObject(step, field))
      report(placeOf(step, index, field), () => UNREADABLE);
  }
}

function judgeField(
  field: AgentRunField,
  value: unknown,
  shape: Shape,
  placeAt: (path: Path) => Path,
  report: Report,
): void {
  const isWithoutInline = field === IMPLEMENTATION && isFlat(value);
  if (isWithoutInline) report(placeAt([]), () => `${DENIED}: ${FLAT}`);
  const whole = isWithoutInline ? { inline: value } : value;
  for (const { path, describe } of findMisfits(shape, whole, MOST_IN_A_FIELD)) {
    const written = isWithoutInline ? path.slice(1) : path;
    report(placeAt(written), () => `${DENIED}: ${[field, ...path].join('.')} ${describe()}`);
  }
}

/**
 * Returns true if an implementation has its fields directly, instead of under `inline`. The fields are then checked as
 * well: a message names them as the API server would, and the place is where they are written.
 */
function isFlat(value: unknown): boolean {
  return isRecord(value) && value['inline'] === undefined && Object.keys(value).length > 0;
}

/** Returns the place in the step. If the field is JSON text, it is the place of the text. */
function placeOf(step: Step, index: number, field: string, path: Path = []): Path {
  const own = step[field];
  const inside = isRecord(own) ? [field, ...path] : own === undefined ? ['with', field] : [field];
  return ['spec', 'steps', index, ...inside];
}

function judgeParameters(step: Step, index: number, report: Report): void {
  const { most, mostBytes, forbidden } = parameterFacts;
  const at = ['spec', 'steps', index, 'with'];
  const { with: parameters = {} } = step;
  let count = 0;
  for (const name in parameters) {
    if (isReadFromWith(step, name, agentRunFields.get(name))) continue;
    count++;
    const bytes = countBytes(parameters[name] ?? '');
    if (name === forbidden)
      report([...at, name], () => `${DENIED}: a parameter cannot have the name ${name}; ${PROMPT_FIX}`);
    if (bytes > mostBytes)
      report([...at, name], () => `${FAILED}: it has ${bytes} bytes, and at most ${mostBytes} are allowed`);
  }
  if (count > most) report(at, () => `${DENIED}: it has ${count} parameters, and at most ${most} are allowed`);
}

/** Returns the size in UTF-8. */
function countBytes(text: string): number {
  let bytes = text.length;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit > 0x7f) bytes += unit > 0x7ff && (unit & 0xf800) !== 0xd800 ? 2 : 1;
  }
  return bytes;
}
