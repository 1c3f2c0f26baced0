/** What the server tells the page: each frame of the stream is one Message, and a new stream begins with everything. */
export type Message =
  | { readonly type: 'Context'; readonly context: Context }
  /** `isWhole`: entries that are not among these are gone. */
  | {
      readonly type: 'Entries';
      readonly isWhole: boolean;
      readonly changed: readonly Entry[];
      readonly gone: readonly EntryKey[];
    }
  /** What is wrong between the server and the cluster now; empty when nothing is. */
  | { readonly type: 'Troubles'; readonly sentences: readonly string[] }
  /** The selected object has this graph now; its steps follow whole. */
  | { readonly type: 'Picture'; readonly picture: Picture }
  /** Steps of the selected run that are not as they were. */
  | { readonly type: 'Steps'; readonly changed: readonly StepView[] }
  /** The selected object is not there, or not yet. */
  | { readonly type: 'Absent'; readonly sentence: string };

/** Where the page looks, as whom. */
export interface Context {
  readonly context: string;
  readonly namespace: string;
}

export type EntryKind = 'Orchestration' | 'OrchestrationRun';

export interface EntryKey {
  readonly kind: EntryKind;
  readonly name: string;
}

/** An object as lists show it. Times are RFC 3339. */
export interface Entry extends EntryKey {
  /** '' of what no controller has looked at. */
  readonly phase: string;
  /** Why, in a sentence or a word; '' where nothing is to be said. */
  readonly message: string;
  readonly createdAt: string;
  readonly startedAt?: string;
  readonly finishedAt?: string;
  /** Of a run: what it runs. */
  readonly orchestration?: string;
  /** Of a started run. */
  readonly progress?: { readonly done: number; readonly total: number };
}

/** A graph with its places. Lengths are pixels, from the left top corner. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** Nobody wrote these edges: the steps run one after the other. */
  readonly isSequential: boolean;
  /** Set where the graph may not be the one that is executed: why. */
  readonly note?: string;
  /** Of the words above the bands. */
  readonly headingSize: number;
  readonly bands: readonly Band[];
  /** Step by step as declared, then what is waited for and missing. */
  readonly boxes: readonly BoxView[];
  /** What steps of a kind do, in words that follow its name, by that name. */
  readonly kinds: Readonly<Record<string, string>>;
  readonly edges: readonly EdgeView[];
  readonly problems: readonly ProblemView[];
}

/** The ground on which a wave stands. */
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
}

/** The box `to` waits for the box `from`. */
export interface EdgeView {
  readonly from: number;
  readonly to: number;
  readonly isOnLoop: boolean;
  /** The corners of its line, x and y in turn; absent where it goes straight from box to box. */
  readonly line?: readonly number[];
}

export interface ProblemView {
  readonly severity: 'deny' | 'warn';
  readonly code: string;
  readonly field: string;
  readonly message: string;
}

export type StepPhase = 'Pending' | 'Running' | 'Retrying' | 'Succeeded' | 'Failed' | 'Skipped' | 'Cancelled';

/** One step of a run, at its place in the list of boxes. Times are RFC 3339. */
export interface StepView {
  readonly index: number;
  readonly phase: StepPhase;
  readonly isIgnored: boolean;
  /** Why it stands where it stands, sentence by sentence. */
  readonly why: readonly string[];
  /** Boxes to look at next: what it waits for, or the culprit and the root of what it was skipped for. */
  readonly because: readonly { readonly word: string; readonly index: number }[];
  /** The reason in a word, as the status has it. */
  readonly reason: string;
  readonly attempt: number;
  /** Attempts there may be. */
  readonly mostAttempts: number;
  readonly startedAt?: string;
  readonly finishedAt?: string;
  readonly nextRetryAt?: string;
  /** The object that carries it out, and the line that shows more of it. */
  readonly child?: { readonly kind: string; readonly name: string; readonly command: string };
}
