/** A kind of object and its API path. `group` is '' for the core group. */
export interface Resource {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

/** A kind of namespaced objects. `group` is '' for the core group. */
export function namespacedResource(group: string, version: string, kind: string, plural: string): Resource {
  return { group, version, kind, plural, namespaced: true };
}

/** A kind of cluster-scoped objects. `group` is '' for the core group. */
export function clusterResource(group: string, version: string, kind: string, plural: string): Resource {
  return { group, version, kind, plural, namespaced: false };
}

/** The name of an object. Cluster-scoped objects have no namespace. */
export interface ObjectName {
  readonly namespace?: string;
  readonly name: string;
}

/** The `apiVersion` of objects: `batch/v1`, or `v1` for the core group. */
export function apiVersionOf({ group, version }: Resource): string {
  return group === '' ? version : `${group}/${version}`;
}

/**
 * The URL path of one object. Without a name, the path of the collection. Without a namespace, the collection of all
 * namespaces.
 */
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
 * Compares resourceVersions. Negative if `a` is older than `b`, 0 if they are equal, positive if `a` is newer. They are
 * decimal numbers without leading zeros and of any length (KEP-5504), so the longer one is greater.
 */
export function compareVersions(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : Number(a > b);
}
