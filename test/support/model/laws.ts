import type { Verb } from '../../../src/kube/calls.ts';
import { KubeError } from '../../../src/kube/errors.ts';
import type { ObjectName, Resource } from '../../../src/kube/resources.ts';
import type { KubeErrorReason } from '../../../src/orchestration/vocabulary/kube-error-reasons.ts';

/** A call, as a law sees it. */
export interface Call {
  readonly verb: Verb;
  readonly resource: Resource;
  /** Without a name the collection; without a namespace that of all namespaces. */
  readonly name: Partial<ObjectName>;
  /** How many objects of this kind there are in this namespace. */
  readonly count: () => number;
}

/** What an API server answers to a call that it does not carry out; undefined if this law does not deny the call. */
export type Law = (call: Call) => KubeError | undefined;

const nameOf = ({ resource: { plural, group } }: Call) => `${plural}.${group}`;

const isOf = ({ resource }: Call, { group, plural }: Resource) =>
  resource.group === group && resource.plural === plural;

const isCreate = (call: Call, resource: Resource, namespace: string) =>
  call.verb === 'create' && isOf(call, resource) && call.name.namespace === namespace;

function deny(reason: KubeErrorReason, code: number, message: string): KubeError {
  return new KubeError(reason, message, { code, isOutcomeUnknown: reason === 'Unavailable' });
}

/** A ResourceQuota on the number of objects, whose status a controller has filled in. */
export function quota(namespace: string, resource: Resource, most: number): Law {
  return (call) => {
    const used = call.count();
    if (!isCreate(call, resource, namespace) || used < most) return undefined;
    const count = `count/${nameOf(call)}`;
    const numbers = `requested: ${count}=1, used: ${count}=${used}, limited: ${count}=${most}`;
    return deny('Forbidden', 403, `${describe(call)} is forbidden: exceeded quota: children, ${numbers}`);
  };
}

/** A ResourceQuota that was made a moment ago: its status is not filled in yet. */
export function newQuota(namespace: string, resource: Resource): Law {
  return (call) => {
    if (!isCreate(call, resource, namespace)) return undefined;
    const message = `status unknown for quota: children, resources: count/${nameOf(call)}`;
    return deny('Forbidden', 403, `${describe(call)} is forbidden: ${message}`);
  };
}

/** The right to these verbs on a kind is missing. */
export function withoutRight(resource: Resource, verbs: readonly Verb[]): Law {
  return (call) => {
    if (!isOf(call, resource) || !verbs.includes(call.verb)) return undefined;
    const { plural, group } = call.resource;
    const what = call.verb === 'create' || call.name.name === undefined ? nameOf(call) : describe(call);
    const where =
      call.name.namespace === undefined ? 'at the cluster scope' : `in the namespace "${call.name.namespace}"`;
    const right = `cannot ${call.verb} resource "${plural}" in API group "${group}" ${where}`;
    return deny('Forbidden', 403, `${what} is forbidden: User "system:serviceaccount:agents:engine" ${right}`);
  };
}

/** Its CRD is not installed. */
export function withoutKind(resource: Resource): Law {
  return (call) => (isOf(call, resource) ? deny('NotFound', 404, '404 page not found') : undefined);
}

/** The namespace does not exist: reads find nothing in it. */
export function withoutNamespace(namespace: string): Law {
  return ({ verb, name }) =>
    verb === 'create' && name.namespace === namespace
      ? deny('NotFound', 404, `namespaces "${namespace}" not found`)
      : undefined;
}

/** The namespace is being deleted: its objects can be changed and deleted, but none can be added. */
export function endingNamespace(namespace: string): Law {
  return (call) => {
    if (call.verb !== 'create' || call.name.namespace !== namespace) return undefined;
    const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
    return deny('Forbidden', 403, `${describe(call)} is forbidden: ${why}`);
  };
}

/** An admission webhook that denies what it is asked about; `code` is its own. */
export function denyingWebhook(namespace: string, resource: Resource, code: 400 | 403 | 422 | 500): Law {
  const reason = ({ 400: 'Invalid', 403: 'Forbidden', 422: 'Invalid', 500: 'Unavailable' } as const)[code];
  const message = 'admission webhook "children.example.com" denied the request: not on Sundays';
  return (call) => (isCreate(call, resource, namespace) ? deny(reason, code, message) : undefined);
}

/** An admission webhook that does not answer, with the failure policy Fail. */
export function absentWebhook(namespace: string, resource: Resource): Law {
  return (call) => {
    const why = 'failed calling webhook "children.example.com": failed to call webhook: connection refused';
    return isCreate(call, resource, namespace)
      ? deny('Unavailable', 500, `Internal error occurred: ${why}`)
      : undefined;
  };
}

function describe(call: Call): string {
  return `${nameOf(call)} "${call.name.name}"`;
}
