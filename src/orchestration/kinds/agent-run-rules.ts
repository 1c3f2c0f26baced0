import { isRecord } from '../decode.ts';
import type { Path, Tell } from '../problem.ts';
import { isReadFromWith, mentionsObject } from '../references.ts';
import type { Step } from '../schema.ts';
import { findMisfits } from '../shapes.ts';
import { agentRunFacts, parameterFacts } from './agent-run-facts.ts';
import { type AgentRunField, agentRunFields, readAgentRun } from './agent-run-spec.ts';

/** Nobody mends more of one field at a time, and a list may hold any number. */
const MOST_IN_A_FIELD = 5;

const IMPLEMENTATION = 'implementation';

const DENIED = 'the API server would deny the AgentRun of this step';
const FAILED = 'the agents controller would fail the AgentRun of this step';
const UNREADABLE = 'it is no JSON text of an object, so the AgentRun of this step would lack it: write JSON';
const FLAT = 'implementation.inline is absent: put all of it under inline, the task as inline.text';
const PROMPT_CURE = 'write it into implementation.inline.text, or into the ImplementationSpec';

const FACTS = Object.entries(agentRunFacts);

/** Reports what the API server would deny of the AgentRun of a step, or its controller fail, whatever parameters a run has. */
export function checkAgentRun(step: Step, index: number, tell: Tell): void {
  judgeFields(step, index, tell);
  judgeParameters(step, index, tell);
}

function judgeFields(step: Step, index: number, tell: Tell): void {
  for (const [field, shape] of FACTS) {
    const value = readAgentRun(step, field as AgentRunField);
    if (value === undefined && field === IMPLEMENTATION && mentionsObject(step, field))
      tell(placeOf(step, index, field), () => UNREADABLE);
    if (value === undefined) continue;
    const isWithoutInline = field === IMPLEMENTATION && isFlat(value);
    if (isWithoutInline) tell(placeOf(step, index, field), () => `${DENIED}: ${FLAT}`);
    const whole = isWithoutInline ? { inline: value } : value;
    for (const { path, describe } of findMisfits(shape, whole, MOST_IN_A_FIELD)) {
      tell(placeOf(step, index, field, path), () => `${DENIED}: ${[field, ...path].join('.')} ${describe()}`);
    }
  }
}

/** Whether an implementation holds itself what belongs under `inline`: what is wrong with that would show next. */
function isFlat(value: unknown): boolean {
  return isRecord(value) && value['inline'] === undefined && Object.keys(value).length > 0;
}

/** Where the step says it. Inside of JSON text there are no places. */
function placeOf(step: Step, index: number, field: string, path: Path = []): Path {
  const own = step[field];
  const inside = isRecord(own) ? [field, ...path] : own === undefined ? ['with', field] : [field];
  return ['spec', 'steps', index, ...inside];
}

function judgeParameters(step: Step, index: number, tell: Tell): void {
  const { most, mostBytes, forbidden } = parameterFacts;
  const at = ['spec', 'steps', index, 'with'];
  const { with: parameters = {} } = step;
  let count = 0;
  for (const name in parameters) {
    if (isReadFromWith(step, name, agentRunFields.get(name))) continue;
    count++;
    const bytes = countBytes(parameters[name] ?? '');
    if (name === forbidden) tell([...at, name], () => `${DENIED}: no parameter may be called ${name}; ${PROMPT_CURE}`);
    if (bytes > mostBytes)
      tell([...at, name], () => `${FAILED}: it has ${bytes} bytes, and at most ${mostBytes} are allowed`);
  }
  if (count > most) tell(at, () => `${DENIED}: it has ${count} parameters, and at most ${most} are allowed`);
}

/** In UTF-8. */
function countBytes(text: string): number {
  let bytes = text.length;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit > 0x7f) bytes += unit > 0x7ff && (unit & 0xf800) !== 0xd800 ? 2 : 1;
  }
  return bytes;
}
