import type { Mutant } from './mutate.ts';

const TURN = 'src/reconciler/turn.ts';
const QUEUE = 'src/reconciler/queue.ts';
const GROUP = 'src/reconciler/observe-group.ts';
const PLACES = 'src/reconciler/places.ts';

/** Ways to break who takes a place, who waits, and who releases one. */
export const placeMutants: readonly Mutant[] = [
  {
    name: 'a place is taken before older runs',
    changes: [[TURN, 'if (position === 0 && index !== undefined) {', 'if (index !== undefined) {']],
  },
  {
    name: 'a nested run waits for its parent',
    changes: [[TURN, 'places?.own !== undefined || places?.isShared', 'places?.own !== undefined']],
  },
  {
    name: 'places above the maximum do not count',
    changes: [[TURN, 'return open.slice(0, Math.max(0, max - held.length));', 'return open;']],
  },
  {
    name: 'a run that fails if its group is full leaves nothing to older runs',
    changes: [[TURN, 'open.length <= position;', 'open.length === 0;']],
  },
  {
    name: 'a run replaces younger ones',
    changes: [[TURN, 'holder !== undefined && precedes(holder.metadata, run) ? holder : []', 'holder ?? []']],
  },
  {
    name: 'a run cancels one holder after the other while the first cleans up',
    changes: [[TURN, ' && !older.some(isEnding);', ';']],
  },
  {
    name: 'a place is released while children are at work',
    changes: [[QUEUE, '  if (isAtWork) return', '  if (isAtWork && places.length > 1000) return']],
  },
  {
    name: 'a place is never released',
    changes: [[QUEUE, 'if (places.length > 0) return places.map(deletePlace);', '']],
  },
  {
    name: 'a message is written at every movement of the queue',
    changes: [[QUEUE, ' && nowMs < writtenMs + holdMs;', ' && nowMs < writtenMs;']],
  },
  {
    name: 'the place of a run that is over counts as free',
    changes: [
      [
        GROUP,
        'return !isRunFinal(asRecord(status)) || (holdsPlace(status) && !cluster.statusWriters(holder).isForeign);',
        'return !isRunFinal(asRecord(status));',
      ],
    ],
  },
  {
    name: 'the place of a run that is gone stays held',
    changes: [[GROUP, 'if (holder === undefined) return false;', 'if (holder === undefined) return true;']],
  },
  {
    name: 'a template holds up the others',
    changes: [[GROUP, '!isHeldBack && !isCancelled(object)', '!isCancelled(object)']],
  },
  {
    name: 'runs that no engine has seen are overtaken',
    changes: [[GROUP, 'if (!(nowMs < Date.parse(creationTimestamp) + UNTRIED_MS)) return false;', 'return false;']],
  },
  {
    name: 'a run that took a place waits for older runs',
    changes: [[GROUP, 'return owesPlace(memory, run) || ahead.some', 'return ahead.some']],
  },
  {
    name: 'a run does not learn from older runs that it has a place',
    changes: [[GROUP, 'memory.places.get(metadata.uid)?.leases.some(isOwn)', 'false']],
  },
  {
    name: 'groups that differ share their places',
    changes: [[PLACES, "nameFrom(`run-${text}`, ['concurrency', text])", "nameFrom('run', ['concurrency'])"]],
  },
];
