/** A kind of object and where the API server keeps it; `group` is '' for the core group. */
export interface Resource {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

/** A kind whose objects are in namespaces; `group` is '' for the core group. */
export function namespacedResource(group: string, version: string, kind: string, plural: string): Resource {
  return { group, version, kind, plural, namespaced: true };
}

/** Which object of a kind; the namespace is left out for cluster-scoped ones. */
export interface ObjectName {
  readonly namespace?: string;
  readonly name: string;
}

/** As objects name it: `batch/v1`, and `v1` of the core group. */
export function apiVersionOf({ group, version }: Resource): string {
  return group === '' ? version : `${group}/${version}`;
}

/** The URL path of one object, or without a name of the collection, over all namespaces if none is given. */
export function pathOf(resource: Resource, target: Partial<ObjectName> = {}, subresource?: string): string {
  const parts = [resource.group === '' ? '/api' : `/apis/${resource.group}`, resource.version];
  if (resource.namespaced && target.namespace !== undefined)
    parts.push('namespaces', encodeURIComponent(target.namespace));
  parts.push(resource.plural);
  if (target.name !== undefined) parts.push(encodeURIComponent(target.name));
  if (subresource !== undefined) parts.push(subresource);
  return parts.join('/');
}

/**
 * Orders resourceVersions: negative, 0 or positive as `a` is older than, the same as, or newer than `b`. They are decimal
 * numbers without leading zeros and of any length (KEP-5504), so the longer is the greater.
 */
export function compareVersions(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : Number(a > b);
}
