/** A reference to an owner: the object goes when all its owners are gone. */
export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  /** The one owner that manages the object. */
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/** The metadata that is read here; times are text, as the API server sends them. */
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

/** An object as the API server takes and sends it: plain, nothing converted, nothing checked beyond its metadata. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly [field: string]: unknown;
}

/** An object of a namespace that is stored, and so has a uid. */
export interface StoredObject extends KubeObject {
  readonly metadata: ObjectMeta & { readonly namespace: string; readonly uid: string };
}

/** `namespace/name`, or the name alone for what has no namespace. */
export function keyOf({ namespace, name }: Pick<ObjectMeta, 'namespace' | 'name'>): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

/** The owner of this kind that manages the object. */
export function controllerOf({ metadata }: Pick<KubeObject, 'metadata'>, kind: string): OwnerReference | undefined {
  return metadata.ownerReferences?.find((owner) => owner.kind === kind && owner.controller === true);
}

/** Whether the owner with this uid manages the object. Labels say nothing. */
export function isControlledBy({ metadata }: Pick<KubeObject, 'metadata'>, uid: string | undefined): boolean {
  return metadata.ownerReferences?.some((owner) => owner.uid === uid && owner.controller === true) === true;
}
