/** A reference to an owner. Kubernetes deletes the object when all its owners are gone. */
export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  /** True for the owner that manages the object; an object has at most one. */
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/** The metadata that this project reads. Times are text, as the API server sends them. */
export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
  readonly finalizers?: readonly string[];
  readonly [field: string]: unknown;
}

/** An object as the API server accepts and sends it. Nothing is converted, and only the metadata has a type. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly [field: string]: unknown;
}

/** A namespaced object that the API server stores, so it has a uid. */
export interface StoredObject extends KubeObject {
  readonly metadata: ObjectMeta & { readonly namespace: string; readonly uid: string };
}

/** `namespace/name`, or only the name for a cluster-scoped object. */
export function keyOf({ namespace, name }: Pick<ObjectMeta, 'namespace' | 'name'>): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

/** Returns the owner of this kind that manages the object. */
export function controllerOf({ metadata }: Pick<KubeObject, 'metadata'>, kind: string): OwnerReference | undefined {
  return metadata.ownerReferences?.find((owner) => owner.kind === kind && owner.controller === true);
}

/** Whether the owner with this uid manages the object. Labels do not count. */
export function isControlledBy({ metadata }: Pick<KubeObject, 'metadata'>, uid: string | undefined): boolean {
  return metadata.ownerReferences?.some((owner) => owner.uid === uid && owner.controller === true) === true;
}
