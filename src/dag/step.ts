/**
 * A step as the graph sees it: a name and what it waits for.
 *
 * A malformed step keeps its place in the list as `{ name: '' }`: the empty name can be neither found nor repeated.
 * `dependsOn` absent means "not declared"; an empty list is a declaration (see `buildGraph`).
 */
export interface Step {
  readonly name: string;
  readonly dependsOn?: readonly string[];
}
