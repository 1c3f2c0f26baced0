/**
 * What the page and its server send each other. Every request needs the token, in the header `Authorization: Bearer …`.
 * A request that cannot be answered gets a 4xx or 5xx status and one sentence as text/plain. POST /api/actions answers
 * with an ActionAnswer instead, unless the guard rejects the request, its body cannot be read, or the server has a bug.
 *
 * | request | query or body | answer |
 * | --- | --- | --- |
 * | GET /api/events | StreamQuery | text/event-stream: each frame is one Message |
 * | POST /api/selection | SelectionRequest | 204; 404 if the stream has ended: open a new one |
 * | GET /api/namespaces | | NamespaceList |
 * | GET /api/value | ValueQuery | text/plain: the whole value |
 * | GET /api/run-events | RunEventsQuery | RunEvents |
 * | GET /api/logs | LogQuery | text/event-stream: each frame is one LogMessage; it ends after `End` |
 * | POST /api/actions | Action | ActionAnswer; the status is 200 only if it is done |
 *
 * A POST needs the header `Content-Type: application/json`. Times that end with `At` are milliseconds since 1970 in entries,
 * and RFC 3339 elsewhere. Texts are printable, unless their comment says that they are raw; every text is shown as text.
 */

/** The query of the stream. A stream is about one namespace. The default is the namespace of `ui`. */
export interface StreamQuery {
  readonly namespace?: string;
  /** Both, or neither: the object that the page shows first. */
  readonly kind?: EntryKind;
  readonly name?: string;
}

/**
 * The messages of a stream. The first is Context. Then follow, each as soon as it is known: Connection, Rights,
 * everything about the selected object (see `Selected`), and the entries, the newest first, with one `Listed` for each
 * kind. After that, the stream sends every change.
 */
export type Message =
  | { readonly type: 'Context'; readonly context: Context }
  /** Whether the server has the present state of the cluster. It says nothing about the link from page to server. */
  | { readonly type: 'Connection'; readonly connection: ClusterConnection }
  /** What the user may do in this namespace. Sent again if it changes. */
  | { readonly type: 'Rights'; readonly rights: Rights }
  /** New and changed entries, and the keys of those that were deleted. */
  | { readonly type: 'Entries'; readonly changed: readonly Entry[]; readonly gone: readonly EntryKey[] }
  /**
   * All entries of this kind have been sent: those that no frame has named since `Context` no longer exist. Sent once in a
   * stream, and not at all as long as the kind cannot be listed.
   */
  | { readonly type: 'Listed'; readonly kind: EntryKind }
  /**
   * The answer to a selection. All messages below are about this object until the next `Selected`; those that come before
   * it are about the previous one.
   */
  | { readonly type: 'Selected'; readonly selected: EntryKey | null }
  /** The selected object does not exist. It can be created later, and then everything about it follows. */
  | { readonly type: 'Absent'; readonly sentence: string }
  /** The selected run itself, whole, whenever it changes. */
  | { readonly type: 'Run'; readonly run: RunView }
  /** The selected Orchestration itself, whole, whenever it changes. Its runs are among the entries. */
  | { readonly type: 'Orchestration'; readonly orchestration: OrchestrationView }
  /** The new graph of the selected object. All its steps follow. */
  | { readonly type: 'Picture'; readonly picture: Picture }
  /** The changed steps of the selected run. */
  | { readonly type: 'Steps'; readonly changed: readonly StepView[] }
  /** All that the user may do with the selected object now, by rights and by its phase. Each is a button. */
  | { readonly type: 'Actions'; readonly actions: readonly OfferedAction[] };

/** What the page is about. */
export interface Context {
  /** Identifies this stream in a SelectionRequest. */
  readonly stream: string;
  /** The context of the kubeconfig. */
  readonly context: string;
  readonly namespace: string;
  /** `ui --read-only`: no action is offered, and the server denies them all. */
  readonly isReadOnly: boolean;
}

export type ClusterConnection =
  /** The first lists are under way. */
  | { readonly state: 'Connecting' }
  /** What the page shows is what the cluster holds. */
  | { readonly state: 'Live' }
  /** The API server does not answer: what the page shows is as old as `since`. */
  | { readonly state: 'Unreachable'; readonly since: string; readonly sentences: readonly string[] }
  /** The API server answers, but what the page shows is old or incomplete: each sentence says why, and what to do. */
  | { readonly state: 'Forbidden' | 'Failed'; readonly since: string; readonly sentences: readonly string[] };

/** Rights in the namespace of the stream, by SelfSubjectAccessReviews. With `--read-only`, `canRun` is false. */
export interface Rights {
  /** The name of the user, as the API server gives it. '' if it gives none. */
  readonly user: string;
  /** May create runs. */
  readonly canRun: boolean;
  readonly canReadEvents: boolean;
  readonly canReadLogs: boolean;
}

export type EntryKind = 'Orchestration' | 'OrchestrationRun';

export interface EntryKey {
  readonly kind: EntryKind;
  readonly name: string;
}

/** An object as an entry of a list. Absent, empty and 0 fields are left out, because a list can have 10,000 entries. */
export type Entry = RunEntry | OrchestrationEntry;

interface EntryHead {
  readonly name: string;
  /** Absent if no controller has written the status. */
  readonly phase?: string;
  /** The reason for the phase, as a sentence or a word. Cut. */
  readonly message?: string;
  readonly createdAt: number;
  /** Raw. */
  readonly labels?: Readonly<Record<string, string>>;
}

export interface RunEntry extends EntryHead {
  readonly kind: 'OrchestrationRun';
  /** Whole if it is a valid name, like all names of objects. */
  readonly orchestration: string;
  readonly startedAt?: number;
  readonly finishedAt?: number;
  /** Absent before the run starts. */
  readonly steps?: StepCounts;
  /** The run of which this run carries out a step. It can be gone. */
  readonly parent?: string;
  /** The finished run that this one continues. */
  readonly resumes?: string;
  /** Raw names of the steps that wait for an approval. */
  readonly waitsForApproval?: readonly string[];
  readonly isSuspended?: true;
  /** Somebody has asked for its cancellation. */
  readonly isCancelled?: true;
  /** It never starts: others copy it. */
  readonly isTemplate?: true;
}

/** The number of steps in all and by phase. Running includes Retrying; tolerated failures are Failed. The rest is Pending. */
export interface StepCounts {
  readonly total: number;
  readonly running?: number;
  readonly succeeded?: number;
  readonly failed?: number;
  readonly skipped?: number;
  readonly cancelled?: number;
}

export interface OrchestrationEntry extends EntryHead {
  readonly kind: 'Orchestration';
  /** Absent if there are none. */
  readonly runs?: RunCounts;
}

/** The runs of an Orchestration in the namespace, sub-runs included. */
export interface RunCounts {
  readonly total: number;
  /** Those that have not ended, without templates. */
  readonly active?: number;
  /** The one that was created last. */
  readonly last: string;
  /** Of the fifty runs that ended last: how many ended in each phase. The success rate is succeeded / (succeeded + failed). */
  readonly ended?: { readonly succeeded?: number; readonly failed?: number; readonly cancelled?: number };
}

/** The body of POST /api/selection: what the page shows from now on. */
export interface SelectionRequest {
  readonly stream: string;
  readonly selected: EntryKey | null;
}

/** The selected run without its steps. */
export interface RunView {
  readonly name: string;
  readonly orchestration: string;
  readonly phase: string;
  readonly message: string;
  readonly createdAt: string;
  readonly startedAt?: string;
  readonly finishedAt?: string;
  /** What the run was given. The defaults of the Orchestration are not among them. */
  readonly parameters: readonly NamedText[];
  readonly deliveryId?: string;
  /** Who created it, if the gate's webhook has stamped it. */
  readonly createdBy?: string;
  readonly parent?: string;
  readonly resumes?: string;
  readonly isSuspended: boolean;
  readonly isCancelled: boolean;
  readonly conditions: readonly ConditionView[];
  /** A line for kubectl that describes it. */
  readonly command: string;
}

export interface ConditionView {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly changedAt: string;
}

/** The selected Orchestration without its steps. */
export interface OrchestrationView {
  readonly name: string;
  readonly phase: string;
  readonly message: string;
  readonly createdAt: string;
  /** The form for a new run, in the order of the declarations. A run can have parameters that are not declared. */
  readonly parameters: readonly ParameterView[];
  readonly conditions: readonly ConditionView[];
  readonly command: string;
}

/** A parameter as `policies.parameters` declares it. All texts are raw. The server checks the values. */
export interface ParameterView {
  readonly name: string;
  /** It must be given, because there is no default. */
  readonly isRequired: boolean;
  readonly default?: string;
  /** The only valid values. */
  readonly enum?: readonly string[];
  /** An RE2 pattern. It is only a hint for people, because the browser has another dialect. */
  readonly pattern?: string;
  readonly description?: string;
}

/** A graph with its positions. Lengths are in pixels, from the top left corner. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** No step declares dependsOn, so the steps run one after the other. */
  readonly isSequential: boolean;
  /** Set if the graph can differ from the one that is executed, with the reason. */
  readonly note?: string;
  /** The font size of the headings above the bands. */
  readonly headingSize: number;
  readonly bands: readonly Band[];
  /** The steps in declaration order, then the missing steps that others depend on. */
  readonly boxes: readonly BoxView[];
  /** What steps of a kind do, by the name of the kind, as words that follow the name. */
  readonly kinds: Readonly<Record<string, string>>;
  readonly edges: readonly EdgeView[];
  readonly problems: readonly ProblemView[];
}

/** The background of a wave. */
export interface Band {
  readonly heading: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface BoxView {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** The name of the step, raw: for URLs, queries and actions. */
  readonly name: string;
  /** The name, printable and short. */
  readonly label: string;
  readonly kind: string;
  readonly state: 'ready' | 'loop' | 'stuck' | 'missing';
  /** When the step runs: `runIf Failed, when …`. Printable. Empty if it runs after its dependencies succeed. */
  readonly condition: string;
  /** The texts of the step that hold placeholders. Long texts are cut. */
  readonly inputs: readonly NamedText[];
}

/** A printable text and its name. */
export interface NamedText {
  readonly name: string;
  readonly value: string;
  /** The value is longer: GET /api/value gives all of it. */
  readonly isCut?: true;
}

/** An edge from one box to another, at most one between the same two. */
export interface EdgeView {
  readonly from: number;
  readonly to: number;
  /** The box `to` depends on the box `from`. If false, it only reads from it. */
  readonly isOrder: boolean;
  /** What the box `to` reads from the box `from`: `outputs.image`, `phase`. */
  readonly reads: readonly string[];
  readonly isOnLoop: boolean;
  /** The corners of the line, x and y in turn. Absent if the line goes directly from box to box. */
  readonly line?: readonly number[];
}

export interface ProblemView {
  readonly severity: 'deny' | 'warn';
  readonly code: string;
  readonly field: string;
  readonly message: string;
}

export type StepPhase = 'Pending' | 'Running' | 'Retrying' | 'Succeeded' | 'Failed' | 'Skipped' | 'Cancelled';

/** The state of one step of a run. Times are RFC 3339. */
export interface StepView {
  readonly index: number;
  readonly phase: StepPhase;
  readonly isIgnored: boolean;
  /** The explanation of the state, as sentences. */
  readonly why: readonly string[];
  /** The boxes that cause the state: those that the step waits for, or the culprit and the root cause of a skip. */
  readonly because: readonly { readonly word: string; readonly index: number }[];
  /** The reason in the status, as one word. */
  readonly reason: string;
  readonly attempt: number;
  /** The maximum number of attempts. */
  readonly mostAttempts: number;
  readonly startedAt?: string;
  readonly finishedAt?: string;
  readonly nextRetryAt?: string;
  /** The object that executes the step, and the command that describes it. */
  readonly child?: ChildView;
  /** What the step hands on. Long values are cut. */
  readonly outputs?: readonly NamedText[];
  /** The run that carried the step out, if this one has inherited it. */
  readonly inheritedFrom?: string;
  /** The decisions of people, in the order in which the engine saw them. */
  readonly approvals?: readonly ApprovalView[];
  /** Attempts that ended and were followed by another, the oldest first. The server keeps the last five. */
  readonly previousAttempts?: readonly AttemptView[];
  /** GET /api/logs can have lines: an attempt has started, and its kind runs in pods. */
  readonly hasLogs?: true;
}

export interface ChildView {
  readonly kind: string;
  readonly name: string;
  readonly command: string;
  /** The child is the OrchestrationRun `name` of this namespace: link to it. */
  readonly isRun?: true;
}

export interface ApprovalView {
  readonly user: string;
  readonly isApproved: boolean;
  readonly at: string;
  readonly comment?: string;
}

export interface AttemptView {
  readonly attempt: number;
  readonly reason: string;
  readonly message?: string;
  readonly startedAt?: string;
  readonly finishedAt?: string;
  /** The child of this attempt. It can be gone. */
  readonly child?: ChildView;
}

/** The query of a whole value. */
export interface ValueQuery {
  readonly namespace: string;
  readonly run: string;
  /** A parameter of the run, or an output of a step, or the text of an input as the step declares it. */
  readonly of: 'parameters' | 'outputs' | 'inputs';
  /** The name of the step, raw, for `outputs` and `inputs`. */
  readonly step?: string;
  /** As in the NamedText. */
  readonly name: string;
}

/** The namespaces of the cluster. */
export interface NamespaceList {
  /** Sorted. If they cannot be listed, those that are known: that of `ui` and those that pages have shown. */
  readonly namespaces: readonly string[];
  /** Set if they cannot be listed, with the reason: the user can type a name. */
  readonly sentence?: string;
}

/** Ask again every few seconds while the events are shown. */
export interface RunEventsQuery {
  readonly namespace: string;
  readonly run: string;
  /** The name of a step, raw: only the events of its child. Without it, those of the run and of its latest children. */
  readonly step?: string;
}

export interface RunEvents {
  /** The latest first. */
  readonly events: readonly EventView[];
  /** What is missing, and why. */
  readonly sentence?: string;
}

export interface EventView {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  /** The object that it is about. */
  readonly kind: string;
  readonly name: string;
  /** The step that this object carries out, after the steps whose inner runs contain it: `outer/inner`. Raw names. */
  readonly step?: string;
  readonly count: number;
  readonly firstAt: string;
  readonly lastAt: string;
}

/** The query of the logs of a step. Close the request to stop following them. */
export interface LogQuery {
  readonly namespace: string;
  readonly run: string;
  /** Raw. */
  readonly step: string;
  /** The default is the current attempt. */
  readonly attempt?: string;
  /** The number of last lines of each container to begin with. The default is 1,000. */
  readonly tail?: string;
}

/** What the logs of a step consist of. */
export type LogMessage =
  /** A container whose lines follow. Sources are numbered from 0. */
  | {
      readonly type: 'Source';
      readonly source: number;
      readonly pod: string;
      readonly container: string;
      /** The line for kubectl that shows the same. */
      readonly command: string;
    }
  /** Lines of a source in their order, without line ends. Raw: with the ANSI sequences that the program wrote. */
  | { readonly type: 'Lines'; readonly source: number; readonly lines: readonly string[] }
  /** What is being waited for (no pod yet, the container is being created), or what went wrong with one source. */
  | { readonly type: 'Note'; readonly sentence: string }
  /** No more lines follow. The sentence says why, unless the containers have ended. */
  | { readonly type: 'End'; readonly sentence?: string };

export type ActionVerb = 'run' | 'rerun' | 'approve' | 'deny' | 'cancel' | 'suspend' | 'resume';

/** An action that the user may carry out on the selected object. The page asks for a confirmation before it does. */
export interface OfferedAction {
  readonly verb: ActionVerb;
  /** For `approve` and `deny`: the step that waits, raw. */
  readonly step?: string;
  /** What happens, as sentences to confirm. */
  readonly consequence: string;
}

/** The body of POST /api/actions. Names are raw. */
export type Action =
  | {
      readonly verb: 'run';
      readonly namespace: string;
      readonly orchestration: string;
      readonly parameters: Readonly<Record<string, string>>;
      /** A new UUID for each form. The same UUID again means the same run, so a request can be repeated. */
      readonly deliveryId: string;
    }
  | {
      readonly verb: 'rerun';
      readonly namespace: string;
      readonly run: string;
      /** Steps that run again in any case, with their descendants. */
      readonly steps: readonly string[];
      /** Follow the current Orchestration instead of the one that the run followed. */
      readonly isLatest: boolean;
      /** As for `run`. */
      readonly deliveryId: string;
    }
  | {
      readonly verb: 'approve' | 'deny';
      readonly namespace: string;
      readonly run: string;
      readonly step: string;
      /** '' for none. */
      readonly comment: string;
    }
  | {
      readonly verb: 'cancel';
      readonly namespace: string;
      readonly run: string;
      /** Without cleanup. */
      readonly isNow: boolean;
    }
  | { readonly verb: 'suspend' | 'resume'; readonly namespace: string; readonly run: string };

/** The outcome of an action. */
export interface ActionAnswer {
  /** The action is done, by this request or by an earlier one. */
  readonly isDone: boolean;
  /** What was done, or everything that is wrong, one sentence each. */
  readonly sentences: readonly string[];
  /** The run that was created: go to it. */
  readonly run?: string;
}
