import type { FollowedCluster } from '../kube/cluster.ts';
import { RUNS, TOOL_RUNS } from '../kube/kinds.ts';
import { apiVersionOf } from '../kube/resources.ts';
import { bucketOf, bucketOfText, readBucket } from '../orchestration/buckets.ts';
import { API_VERSION } from '../orchestration/schema.ts';
import { heldTopic } from '../reconciler/topics.ts';
import type { WorkKind } from '../runtime/supervisor-metrics.ts';

/** For each kind of work, a function that gives the bucket of a key. */
export type KeyBuckets = Readonly<Record<WorkKind, (key: string) => number>>;

export function keyBuckets(followed: Pick<FollowedCluster, 'peek' | 'about'>): KeyBuckets {
  return {
    OrchestrationRun(key) {
      const run = followed.peek(API_VERSION, RUNS.kind, key);
      if (run !== undefined) return bucketOf(run);
      // The run is gone. Its children show which replica has to release them.
      const [label] = followed.about(heldTopic(key)).flatMap(({ metadata }) => readBucket(metadata.labels) ?? []);
      return label ?? bucketOfText(key);
    },
    ToolRun(key) {
      const toolRun = followed.peek(apiVersionOf(TOOL_RUNS), TOOL_RUNS.kind, key);
      return toolRun === undefined ? bucketOfText(key) : bucketOf(toolRun);
    },
    // An Orchestration belongs to no run, so its labels do not count.
    Orchestration: bucketOfText,
    Audit: bucketOfText,
  };
}
