import { graphMessages } from '../src/dag/rules.ts';
import { describeAbsence, describeEmptiness } from '../src/orchestration/decode.ts';
import { type ProblemCode, rules } from '../src/orchestration/judge.ts';
import { findDrift, type GeneratedFile, writeGenerated } from './drift.ts';

/** The file with the expressions of the chart's policy for Orchestrations, because Helm cannot read TypeScript. */
const PATH = 'charts/orchestration-gate/files/policy-twin.json';

/** The gate, too, cuts longer names in a message. */
const SHOWN_CHARACTERS = 63;

/**
 * The longest list of steps that the policy looks into, the most dependencies in all, and the longest list whose names
 * it compares with each other. The API server underestimates the cost of longer lists: the time that they take grows
 * with the square of their length.
 */
const MOST_STEPS = 1000;
const MOST_ENTRIES = 10_000;
const MOST_COMPARED = 500;

/** Marks the start and the end of an expression in a message of the gate. No message contains this character. */
const MARK = '\0';

/** A rule of the gate that CEL can decide. All members but the code are CEL. */
interface TwinRule {
  readonly code: ProblemCode;
  /** A list that begins with the place of the first problem, and is empty if there is none. Its first entry is `place`. */
  readonly places: string;
  /** More variables, which the other members use. */
  readonly more?: Readonly<Record<string, string>>;
  readonly field: (place: string) => string;
  readonly message: (place: string) => string;
}

const DEPENDENCIES = 'step.?dependsOn.orValue([])';

/**
 * The variables that the rules share. The chart adds `maxSteps` and `maxDependencies`. `indexes` cannot be evaluated if
 * two steps have the same name.
 */
const shared: Readonly<Record<string, string>> = {
  given: 'object.?spec.?steps.orValue([])',
  isWithinLimits: 'size(variables.tooManySteps) == 0 && size(variables.tooManyDependencies) == 0',
  entries: `variables.given.map(step, size(${DEPENDENCIES})).sum()`,
  steps:
    `variables.isWithinLimits && size(variables.given) <= ${MOST_STEPS} && ` +
    `variables.entries <= ${MOST_ENTRIES} ? variables.given : []`,
  names: 'variables.steps.map(step, step.name)',
  indexes: 'variables.names.transformMapEntry(index, name, {name: index})',
};

const UNKNOWN = "name != '' && !(name in variables.indexes)";

const twinRules: readonly TwinRule[] = [
  {
    code: 'MissingSteps',
    places: 'size(variables.given) == 0 ? [0] : []',
    field: () => write('spec.steps'),
    message: () => {
      const [empty, absent] = [describeEmptiness('MissingSteps'), describeAbsence('MissingSteps')].map(write);
      return `(has(object.spec) && has(object.spec.steps) ? ${empty} : ${absent})`;
    },
  },
  {
    code: 'StepMissingName',
    places: findSteps("step.name == ''"),
    field: (place) => write(`spec.steps[${show(place)}].name`),
    message: () => write(describeEmptiness('StepMissingName')),
  },
  {
    code: 'StepMissingKind',
    places: findSteps("step.kind == ''"),
    field: (place) => write(`spec.steps[${show(place)}].kind`),
    message: () => write(describeEmptiness('StepMissingKind')),
  },
  {
    code: 'InvalidDependency',
    places: findSteps(`'' in ${DEPENDENCIES}`),
    field: (place) => writeEntry(place, "''"),
    message: () => write(describeEmptiness('InvalidDependency')),
  },
  {
    code: 'TooManySteps',
    places: 'size(variables.given) > variables.maxSteps ? [size(variables.given)] : []',
    field: () => write('spec.steps'),
    message: (count) => write(graphMessages.TooManySteps(show(count), show('variables.maxSteps'))),
  },
  {
    code: 'TooManyDependencies',
    places:
      'size(variables.tooManySteps) > 0 ? [] : ' +
      `variables.given.transformList(index, step, size(${DEPENDENCIES}) > variables.maxDependencies, index)`,
    field: (place) => write(`spec.steps[${show(place)}].dependsOn`),
    message: (place) => {
      const count = show(`size(variables.given[${place}].dependsOn)`);
      return write(graphMessages.TooManyDependencies(count, show('variables.maxDependencies')));
    },
  },
  {
    code: 'DuplicateStep',
    places:
      `size(variables.names) > ${MOST_COMPARED} ? [] : ` +
      "variables.names.transformList(index, name, name != '' && variables.names.indexOf(name) != index, index)",
    more: { duplicate: 'variables.names[variables.duplicateStep[0]]' },
    field: (place) => write(`spec.steps[${show(place)}].name`),
    message: () => {
      const first = show('variables.names.indexOf(variables.duplicate)');
      return write(graphMessages.DuplicateStep(quote('variables.duplicate'), first));
    },
  },
  {
    code: 'MissingDependency',
    places: findSteps(`${DEPENDENCIES}.exists(name, ${UNKNOWN})`),
    more: { wanted: `variables.steps[variables.missingDependency[0]].dependsOn.filter(name, ${UNKNOWN})[0]` },
    field: (place) => writeEntry(place, 'variables.wanted'),
    message: () => write(graphMessages.MissingDependency(quote('variables.wanted'))),
  },
  {
    code: 'SelfDependency',
    places: findSteps(`step.name != '' && step.name in ${DEPENDENCIES}`),
    more: { self: 'variables.names[variables.selfDependency[0]]' },
    field: (place) => writeEntry(place, 'variables.self'),
    message: () => write(graphMessages.SelfDependency(quote('variables.self'))),
  },
];

/** The codes of the rules that the policy has, in the order in which the gate reports them. */
export const twinCodes: readonly ProblemCode[] = twinRules.map(({ code }) => code);

/** Returns a sentence if the chart does not have the expressions that the rules give. */
export function checkPolicyTwin(root: string): Promise<readonly string[]> {
  return findDrift(root, [renderPolicyTwin()], 'make generate');
}

/** Writes the expressions of the policy into the gate's chart. */
export async function writePolicyTwin(root: string): Promise<readonly string[]> {
  return writeGenerated(root, [renderPolicyTwin()]);
}

function renderPolicyTwin(): GeneratedFile {
  const variables = [...Object.entries(shared), ...twinRules.flatMap(listVariables)].map(([name, expression]) => ({
    name,
    expression,
  }));
  const content = {
    '//': 'Generated from the rules by make generate: change scripts/policy-twin.ts, not this.',
    variables: sortByUse(variables),
    rules: twinRules.map(renderRule),
  };
  return { path: PATH, content: `${JSON.stringify(content, undefined, 2)}\n` };
}

function listVariables({ code, places, more = {} }: TwinRule): [string, string][] {
  return [[variableOf(code), places], ...Object.entries(more)];
}

/** The API server evaluates `messageExpression` even without a problem. If that fails, it uses `message`. */
function renderRule({ code, field, message }: TwinRule) {
  const { severity, isFixed = false } = rules.find((rule) => rule.code === code) as (typeof rules)[number];
  const places = `variables.${variableOf(code)}`;
  const place = `${places}[0]`;
  return {
    code,
    severity,
    isFixed,
    expression: `size(${places}) == 0`,
    message: `the gate denies this (${code})`,
    messageExpression: `size(${places}) == 0 ? '' : ${field(place)} + ': ' + ${message(place)} + ' (${code})'`,
  };
}

/** An expression can use only the variables before its own. */
function sortByUse(variables: readonly { readonly name: string; readonly expression: string }[]) {
  const sorted = new Map<string, { readonly name: string; readonly expression: string }>();
  const add = (name: string) => {
    const variable = variables.find((one) => one.name === name);
    if (variable === undefined || sorted.has(name)) return;
    for (const [, used = ''] of variable.expression.matchAll(/variables\.(\w+)/g)) add(used);
    sorted.set(name, variable);
  };
  for (const { name } of variables) add(name);
  return [...sorted.values()];
}

function variableOf(code: string): string {
  return `${code.charAt(0).toLowerCase()}${code.slice(1)}`;
}

function findSteps(isWrong: string): string {
  return `variables.steps.transformList(index, step, ${isWrong}, index)`;
}

/** Writes the field of the first entry of a step's `dependsOn` that is this name. */
function writeEntry(place: string, name: string): string {
  return write(`spec.steps[${show(place)}].dependsOn[${show(`variables.steps[${place}].dependsOn.indexOf(${name})`)}]`);
}

/** Puts a number into a text for `write`. */
function show(number: string): string {
  return `${MARK}string(${number})${MARK}`;
}

/** Puts a name into a text for `write`, as the gate shows it if it is printable ASCII. Other names are not shown. */
function quote(name: string): string {
  const cut = `(size(${name}) > ${SHOWN_CHARACTERS} ? ${name}.substring(0, ${SHOWN_CHARACTERS}) + '…' : ${name})`;
  return `"${MARK}(${name}.matches(r'^[ !#-\\[\\]-~]*$') ? ${cut} : '…')${MARK}"`;
}

/** Writes a text as CEL. */
function write(text: string): string {
  return text
    .split(MARK)
    .map((part, index) => (index % 2 === 0 ? `'${part}'` : part))
    .filter((part) => part !== "''")
    .join(' + ');
}
