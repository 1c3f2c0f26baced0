/**
 * The messages from the server to the page. Each frame of the stream is one Message. A new stream begins with
 * everything.
 */
export type Message =
  | { readonly type: 'Context'; readonly context: Context }
  /** If `isWhole`, entries that are not in `changed` no longer exist. */
  | {
      readonly type: 'Entries';
      readonly isWhole: boolean;
      readonly changed: readonly Entry[];
      readonly gone: readonly EntryKey[];
    }
  /** The current problems between the server and the cluster. Empty if there are none. */
  | { readonly type: 'Troubles'; readonly sentences: readonly string[] }
  /** The new graph of the selected object. All its steps follow. */
  | { readonly type: 'Picture'; readonly picture: Picture }
  /** The changed steps of the selected run. */
  | { readonly type: 'Steps'; readonly changed: readonly StepView[] }
  /** The selected object does not exist, or does not exist yet. */
  | { readonly type: 'Absent'; readonly sentence: string };

/** The kubeconfig context and the namespace of the page. */
export interface Context {
  readonly context: string;
  readonly namespace: string;
}

export type EntryKind = 'Orchestration' | 'OrchestrationRun';

export interface EntryKey {
  readonly kind: EntryKind;
  readonly name: string;
}

/** An object as an entry of a list. Times are RFC 3339. */
export interface Entry extends EntryKey {
  /** '' if no controller has written the status. */
  readonly phase: string;
  /** The reason for the phase, as a sentence or a word. '' if there is none. */
  readonly message: string;
  readonly createdAt: string;
  readonly startedAt?: string;
  readonly finishedAt?: string;
  /** The Orchestration of a run. */
  readonly orchestration?: string;
  /** The progress of a run that has started. */
  readonly progress?: { readonly done: number; readonly total: number };
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
  /** Printable and short. */
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
}

/** An edge from one box to another, at most one between the same two. */
export interface EdgeView {
  readonly from: number;
  readonly to: number;
  /** The box `to` depends on the box `from`. Otherwise it only reads it. */
  readonly isOrder: boolean;
  /** What the box `to` reads of the box `from`: `outputs.image`, `phase`. */
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
  readonly child?: { readonly kind: string; readonly name: string; readonly command: string };
  /** What the step hands on. Long values are cut. */
  readonly outputs?: readonly NamedText[];
}
