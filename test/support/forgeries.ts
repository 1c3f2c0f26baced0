/** Where the runs are. */
export const NAMESPACE = 'agents';
/** The account of the reconciler. */
export const ENGINE = `system:serviceaccount:${NAMESPACE}:gate-orchestration-gate`;
/** Names that users can have. */
export const ODD = 'Zoë "O’Neil" 🎉 שלום';
export const TWO_LINES = 'alice\nmallory';
export const LONG = 'l'.repeat(257);
const API_VERSION = 'orchestration.proompteng.ai/v1alpha1';
export const CREATED_BY = 'orchestration.proompteng.ai/created-by';
export const keyOf = (name: string) => `approval.orchestration.proompteng.ai/${name}`;

export type Annotations = Readonly<Record<string, string>>;

/** A run of the Orchestration `deploy`. */
export function runOf(name: string, annotations: Annotations = {}): object {
  const metadata = { name, namespace: NAMESPACE, annotations };
  const spec = { orchestrationRef: { name: 'deploy' } };
  return { apiVersion: API_VERSION, kind: 'OrchestrationRun', metadata, spec };
}

export const annotate = (text: string, name = 'ask.2') => ['annotate', 'RUN', `${keyOf(name)}=${text}`];
const overwrite = (text: string) => [...annotate(text, 'ask.1'), '--overwrite'];
const patch = (content: object, type = 'merge') => ['patch', 'RUN', `--type=${type}`, '-p', JSON.stringify(content)];
const annotations = (content: object) => patch({ metadata: { annotations: content } });
export const apply = ['apply', '--server-side', '-f', '-'];
export const replace = ['replace', '-f', '-'];
export const create = ['create', '-f', '-'];

// What the policy says.
const finality = 'a decision is final: leave the annotation approval.orchestration.proompteng.ai/ask.1 as it is';
export const ownName = (user: string) => `you are ${user}, so the first line of the annotation must be`;
const noRight = (user: string) =>
  `user ${user} may not decide step "ask" of Orchestration "deploy": that needs the verb approve on orchestrations/approval named deploy or deploy.ask in namespace agents`;
export const waitsNot = (step: string) => `step "${step}" does not wait for approval`;
export const noDecisions = 'a new run has no decisions';
const stampStays = `the annotation ${CREATED_BY} is written only when a run is created`;
const stampIsTrue = `the annotation ${CREATED_BY} names the user who creates the run`;

/** `told` is what the policy says. RUN in a command stands for the name of the run. */
type Forgery = readonly [
  what: string,
  user: string,
  command: readonly string[],
  told: string,
  input?: (run: string) => object,
];

/** What users try with a run that alice created, and whose step `ask` waits after her approval. */
export const forgeries: readonly Forgery[] = [
  ['approves in another name', 'alice', annotate('approved by bob'), ownName('alice')],
  ['denies in another name, as an administrator', 'admin', annotate('denied by alice'), ownName('admin')],
  ['approves for alice and more', 'bob', annotate('approved by alice and bob'), ownName('bob')],
  ['approves in other words', 'alice', annotate('Approved by alice'), ownName('alice')],
  ['changes an approval into a denial', 'alice', overwrite('denied by alice'), finality],
  ['changes a comment, as an administrator', 'admin', overwrite('approved by alice\nnot really'), finality],
  ['removes a decision', 'alice', ['annotate', 'RUN', `${keyOf('ask.1')}-`], finality],
  [
    'removes a decision by a JSON patch',
    'admin',
    patch([{ op: 'remove', path: `/metadata/annotations/${keyOf('ask.1').replace('/', '~1')}` }], 'json'),
    finality,
  ],
  ['removes all annotations', 'admin', patch({ metadata: { annotations: null } }), finality],
  ['moves a decision to another key', 'bob', annotations({ [keyOf('ask.1')]: null, [keyOf('ask.2')]: 'x' }), finality],
  ['replaces the run by an old version', 'admin', replace, finality, (run) => runOf(run, { [CREATED_BY]: 'alice' })],
  [
    'forces a decision of another field manager to change',
    'bob',
    [...apply, '--field-manager=other', '--force-conflicts'],
    finality,
    (run) => runOf(run, { [keyOf('ask.1')]: 'denied by bob' }),
  ],
  [
    'decides twice in one request',
    'alice',
    [...annotate('denied by alice'), `${keyOf('ask.3')}=denied by alice`],
    'a request makes one decision, and this one makes 2',
  ],
  ['decides before the step waits', 'alice', annotate('approved by alice', 'later.1'), waitsNot('later')],
  ['decides when the step has ended', 'alice', annotate('denied by alice', 'over.1'), waitsNot('over')],
  ['decides about a step that is no gate', 'alice', annotate('approved by alice', 'work.1'), waitsNot('work')],
  ['decides about a step that does not exist', 'alice', annotate('approved by alice', 'a.b.1'), waitsNot('a.b')],
  [
    'decides without a number',
    'alice',
    annotate('denied by alice', 'ask'),
    'the annotation approval.orchestration.proompteng.ai/ask does not end in STEP.NUMBER',
  ],
  [
    'decides with the number 0',
    'alice',
    annotate('denied by alice', 'ask.0'),
    'the annotation approval.orchestration.proompteng.ai/ask.0 does not end in STEP.NUMBER',
  ],
  [
    'decides about a step with a long name',
    'alice',
    annotate('approved by alice', `${'s'.repeat(61)}.1`),
    `the annotation ${keyOf(`${'s'.repeat(61)}.1`)} does not end in STEP.NUMBER`,
  ],
  ['has no right to approve', 'carol', annotate('approved by carol'), noRight('carol')],
  ['has no right to deny', 'carol', annotate('denied by carol'), noRight('carol')],
  ['may approve another step and another Orchestration', 'dave', annotate('approved by dave'), noRight('dave')],
  ['is the engine', ENGINE, annotate(`approved by ${ENGINE}`), noRight(ENGINE)],
  [
    'applies a decision in another name on the server',
    'bob',
    [...apply, '--field-manager=x'],
    ownName('bob'),
    (run) => runOf(run, { [keyOf('ask.2')]: 'approved by alice' }),
  ],
  [
    'points a run that has started to another Orchestration',
    'dave',
    patch({ spec: { orchestrationRef: { name: 'other' } } }),
    'a run that has started keeps its orchestrationRef',
  ],
  [
    'points it there and decides at once',
    'dave',
    patch({
      metadata: { annotations: { [keyOf('ask.2')]: 'approved by dave' } },
      spec: { orchestrationRef: { name: 'other' } },
    }),
    noRight('dave'),
  ],
  [
    'writes a comment of 1,025 characters',
    'alice',
    annotate(`denied by alice\n${'é'.repeat(1025)}`),
    'the comment of a decision has more than 1024 characters',
  ],
  [
    'has a name of two lines that begins with another name',
    TWO_LINES,
    annotate(`denied by ${TWO_LINES}`),
    'your user name has control characters',
  ],
  [
    'has a name of 257 characters',
    LONG,
    annotate(`denied by ${LONG}`),
    'your user name has control characters or more than 256 characters',
  ],
  ['changes who created a run', 'alice', annotations({ [CREATED_BY]: 'bob' }), stampStays],
  ['removes who created a run', 'alice', annotations({ [CREATED_BY]: null }), stampStays],
  [
    'creates a run with a decision',
    'alice',
    create,
    noDecisions,
    (run) => runOf(`${run}-new`, { [keyOf('ask.1')]: 'x' }),
  ],
  [
    'creates a run with a decision by an apply',
    'alice',
    apply,
    noDecisions,
    (run) => runOf(`${run}-new`, { [keyOf('ask.1')]: 'approved by alice' }),
  ],
  [
    'creates a run in another name',
    'alice',
    create,
    stampIsTrue,
    (run) => runOf(`${run}-new`, { [CREATED_BY]: 'bob' }),
  ],
  [
    'creates a template that names its creator',
    'alice',
    create,
    stampIsTrue,
    (run) => runOf(`${run}-new`, { [CREATED_BY]: 'alice', 'agents.proompteng.ai/template': 'true' }),
  ],
];
