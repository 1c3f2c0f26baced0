/** A controller of the agents chart, played over the API server by a client of its own. */
export interface StandIn {
  /** What it has asked of the API server, as `verb resource outcome`, in the order in which answers came. */
  readonly requests: readonly string[];
  /** Ends its watches, waits for what is under way, and closes its connections. */
  readonly stop: () => Promise<void>;
}
