// Preloaded (`NODE_OPTIONS=--import=…`): the machine's wall clock is AHEAD_SECONDS ahead, its steady clock is right.
const aheadMs = Number(process.env['AHEAD_SECONDS']) * 1_000;
const { now } = Date;
const RightDate = Date;

Date.now = () => now() + aheadMs;
globalThis.Date = new Proxy(RightDate, {
  construct: (target, given: []) => (given.length === 0 ? new target(now() + aheadMs) : new target(...given)),
});
